import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { configureService, loadConfig, serviceAdapter } from '@orderbridge/service';
import request from 'supertest';
import { BEHAVIOURS } from './behaviour.js';
import { gatewayEnvironment } from './gateway-environment.js';
import { GatewayModule } from './gateway.module.js';

interface Listed {
  readonly id: string;
  readonly reference: string;
  readonly status: string;
  readonly refundId?: string;
}

describe('payment gateway mock', () => {
  let folder: string;
  let app: NestFastifyApplication;

  const start = async (): Promise<void> => {
    const config = loadConfig(gatewayEnvironment, { LEDGER_FOLDER: folder, LATE_ANSWER_MS: '20' });
    const testing = await Test.createTestingModule({ imports: [GatewayModule.forRoot(config)] }).compile();
    app = testing.createNestApplication<NestFastifyApplication>(serviceAdapter(), { logger: ['fatal'] });
    configureService(app, { name: 'test', description: 'under test', strategies: () => [] });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gateway-'));
    await start();
  });
  afterEach(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });

  const http = () => request(app.getHttpServer());
  /** An answer's status; 0 when the connection was cut. */
  interface Answered {
    readonly status: number;
    readonly body: Record<string, unknown>;
  }
  const post = async (path: string, key: string, body: object): Promise<Answered> => {
    try {
      const { status, body: answer } = await http().post(path).set('idempotency-key', key).send(body);
      return { status, body: answer };
    } catch {
      return { status: 0, body: {} };
    }
  };
  const charge = (reference: string, source = 'tok_approve', key = `charge-${reference}`) =>
    post('/v1/charges', key, { amount: 100, currency: 'EUR', source, reference });
  const refund = (reference: string, chargeId: string, key = `refund-${reference}`) =>
    post('/v1/refunds', key, { charge: chargeId, amount: 100, reference });
  const chargesOf = async (reference: string): Promise<Listed[]> =>
    (await http().get('/v1/charges').query({ reference }).expect(200)).body.charges;
  const takenOf = async (reference: string) =>
    (await chargesOf(reference)).filter(({ status }) => status === 'succeeded');
  const refundsOf = async (chargeId: string): Promise<{ id: string }[]> =>
    (await http().get('/v1/refunds').query({ charge: chargeId }).expect(200)).body.refunds;

  test('a charge is made once for a key, and looked up by its key and by its reference', async () => {
    const { status, body } = await charge('order-1');
    expect(status).toBe(201);
    expect(await charge('order-1')).toEqual({ status: 200, body });
    expect((await http().get('/v1/charges/by-key/charge-order-1').expect(200)).body).toEqual(body);
    expect(await chargesOf('order-1')).toEqual([body]);
    expect(await chargesOf('order-')).toEqual([]);
  });

  test('a key that led to nothing is 404, in the form of the gateway', async () => {
    expect((await http().get('/v1/charges/by-key/charge-none').expect(404)).body.code).toBe('no_such_charge');
  });

  test('a key that was used for something else is refused, whatever the other charge is for', async () => {
    await charge('order-1', undefined, 'key');
    for (const [reference, source] of [
      ['order-2', 'tok_approve'],
      ['order-1', 'tok_decline'],
    ] as const)
      expect(await charge(reference, source, 'key')).toMatchObject({
        status: 422,
        body: { code: 'idempotency_key_reused' },
      });
    expect(await chargesOf('order-2')).toEqual([]);
  });

  test('charges and refunds are listed page by page, each once', async () => {
    const references = ['a', 'b', 'c', 'd', 'e'];
    for (const reference of references) {
      const { body } = await charge(reference);
      await refund(reference, body['id'] as string);
    }
    for (const [path, name] of [
      ['/v1/charges', 'charges'],
      ['/v1/refunds', 'refunds'],
    ] as const) {
      const seen: string[] = [];
      let after: string | undefined;
      let pages = 0;
      do {
        const { body } = await http()
          .get(path)
          .query({ limit: 2, ...(after && { after }) })
          .expect(200);
        seen.push(...body[name].map(({ reference }: Listed) => reference));
        after = body.nextCursor;
        pages++;
      } while (after !== undefined);
      expect(seen.toSorted()).toEqual(references);
      expect(pages).toBe(3);
    }
  });

  test('a refund is made once for a charge, and shown where the charge is', async () => {
    const { body } = await charge('order-1');
    const id = body['id'] as string;
    const first = await refund('order-1', id);
    expect(first.status).toBe(201);
    expect(await refund('order-1', id)).toEqual({ status: 200, body: first.body });
    expect(await refund('order-1', id, 'other')).toMatchObject({
      status: 422,
      body: { code: 'already_refunded' },
    });
    expect(await refundsOf(id)).toEqual([first.body]);
    const refundId = first.body['id'];
    expect(await chargesOf('order-1')).toMatchObject([{ id, refundId }]);
    expect((await http().get('/v1/charges/by-key/charge-order-1').expect(200)).body).toMatchObject({
      refundId,
    });
    expect(await refund('order-1', 'ch_none')).toMatchObject({
      status: 404,
      body: { code: 'no_such_charge' },
    });
  });

  test('what was charged, refused, failed and refunded outlives the process', async () => {
    const { body } = await charge('order-1');
    await refund('order-1', body['id'] as string);
    await charge('order-2', 'tok_decline');
    await charge('order-3', 'tok_stored_error');
    const before = await http().get('/v1/charges').expect(200);
    await app.close();
    await start();
    expect((await http().get('/v1/charges').expect(200)).body).toEqual(before.body);
    expect((await charge('order-1')).status).toBe(200);
    expect((await charge('order-2', 'tok_decline')).status).toBe(402);
    expect((await charge('order-3', 'tok_stored_error')).status).toBe(500);
    expect(await refundsOf(body['id'] as string)).toHaveLength(1);
  });

  test('the index of keys is made again where it is missing', async () => {
    await charge('order-1');
    await app.close();
    await rm(join(folder, 'charge-keys'), { recursive: true });
    await start();
    await http().get('/v1/charges/by-key/charge-order-1').expect(200);
    expect(await charge('order-2', undefined, 'charge-order-1')).toMatchObject({ status: 422 });
  });

  test('an error that is kept under its key stays; another key is charged', async () => {
    for (let attempt = 1; attempt <= 2; attempt++)
      expect((await charge('order-1', 'tok_stored_error')).status).toBe(500);
    expect((await http().get('/v1/charges/by-key/charge-order-1').expect(200)).body.status).toBe('failed');
    expect(await takenOf('order-1')).toEqual([]);
    expect((await charge('order-1', 'tok_stored_error', 'charge-order-1-2')).status).toBe(201);
    expect(await takenOf('order-1')).toHaveLength(1);
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'tok_unknown', ' tok_approve'])(
    'the token %s is unknown, and nothing is charged',
    async (token) => {
      expect(await charge('order-1', token)).toMatchObject({ status: 400, body: { code: 'unknown_token' } });
      expect(await chargesOf('order-1')).toEqual([]);
      await http().get('/v1/charges/by-key/charge-order-1').expect(404);
    },
  );

  test.each(['__proto__', 'constructor', 'toString'])(
    '%s is a reference and a key like any other',
    async (name) => {
      expect((await charge(name, undefined, name)).status).toBe(201);
      expect((await charge(name, undefined, name)).status).toBe(200);
      expect(await chargesOf(name)).toHaveLength(1);
      await http().get(`/v1/charges/by-key/${name}`).expect(200);
    },
  );

  /** What the first answers to a charge are, and whether the customer has paid in the end. */
  const charging = new Map<string, readonly [answers: readonly number[], taken: number]>([
    ['tok_approve', [[201, 200], 1]],
    ['tok_decline', [[402, 402], 0]],
    ['tok_insufficient_funds', [[402, 402], 0]],
    ['tok_timeout', [[201, 200], 1]],
    ['tok_error', [[500, 500, 201], 1]],
    ['tok_stored_error', [[500, 500], 0]],
    ['tok_poison', [[500, 500, 500, 500], 0]],
    ['tok_poison_timeout', [[500, 500, 500], 0]],
    ['tok_retry_after', [[503, 201], 1]],
    ['tok_foreign_404', [[404, 404, 201], 1]],
    ['tok_foreign_400', [[400, 400, 201], 1]],
    ['tok_lost_then_404', [[0, 404, 404], 1]],
    ['tok_lost_then_refused', [[0, 402, 402], 1]],
    ['tok_garbage', [[201, 201], 1]],
    ['tok_empty', [[201, 201], 1]],
  ]);
  test.each([...charging])('%s is answered %j to charges', async (token, [answers, taken]) => {
    for (const status of answers) expect((await charge('order-1', token)).status).toBe(status);
    expect(await takenOf('order-1')).toHaveLength(taken);
  });

  /** The same for the refund of a charge. */
  const refunding = new Map<string, readonly [answers: readonly number[], refunds: number]>([
    ['tok_refund_timeout', [[201, 200], 1]],
    ['tok_refund_error', [[500, 500, 201], 1]],
    ['tok_refund_poison', [[500, 500, 500], 0]],
    ['tok_refund_refused', [[422, 422], 0]],
    ['tok_refund_lost_then_refused', [[0, 422, 422], 1]],
    ['tok_refund_foreign_404', [[404, 404, 201], 1]],
  ]);
  test.each([...refunding])('%s is answered %j to refunds', async (token, [answers, refunds]) => {
    const { status, body } = await charge('order-1', token);
    expect(status).toBe(201);
    const id = body['id'] as string;
    for (const answer of answers) expect((await refund('order-1', id)).status).toBe(answer);
    expect(await refundsOf(id)).toHaveLength(refunds);
  });

  test('answers of a proxy and garbage are no statements of the gateway', async () => {
    expect((await charge('order-1', 'tok_foreign_404')).body['code']).toBeUndefined();
    expect((await charge('order-2', 'tok_foreign_400')).body['code']).toBeUndefined();
    expect((await charge('order-3', 'tok_garbage')).body['id']).toEqual(['ch']);
  });

  test('a pause is asked for in Retry-After', async () => {
    const body = { amount: 100, currency: 'EUR', source: 'tok_retry_after', reference: 'order-1' };
    await http()
      .post('/v1/charges')
      .set('idempotency-key', 'k')
      .send(body)
      .expect(503)
      .expect('retry-after', '2');
  });

  test('tok_huge is answered without end, and charged', async () => {
    await app.listen(0, '127.0.0.1');
    const call = httpRequest(`${await app.getUrl()}/v1/charges`, {
      method: 'POST',
      agent: false,
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k' },
    });
    call.end(JSON.stringify({ amount: 100, currency: 'EUR', source: 'tok_huge', reference: 'order-1' }));
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    let bytes = 0;
    for await (const chunk of response) {
      bytes += (chunk as Buffer).length;
      if (bytes >= 2 ** 21) break;
    }
    call.destroy();
    app.getHttpServer().closeAllConnections();
    expect(bytes).toBeGreaterThanOrEqual(2 ** 21);
    expect(await takenOf('order-1')).toHaveLength(1);
  });

  test('each token is covered here', () => {
    const covered = new Set([...charging.keys(), ...refunding.keys(), 'tok_huge']);
    expect([...BEHAVIOURS.keys()].filter((token) => !covered.has(token))).toEqual([]);
  });
});
