import { execFile, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv, promisify } from 'node:util';
import { jest } from '@jest/globals';
import { crashOrder, CRASH_POINTS_FOLDER, type CrashPoint } from '@orderbridge/crash-points';
import { partnersBooks, RunningStack, until } from '@orderbridge/running-stack';
import kafkajs, { type IHeaders, type Producer } from 'kafkajs';
import { v7 as uuid } from 'uuid';
import { MqClient } from '../../libs/embedded-mq/test-support/mq-client.js';

const run = promisify(execFile);

const USER = '11111111-1111-1111-1111-111111111111';
const LAMP = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa';
const QUEUE = 'INVENTORY.EVENTS';
const BACKOUT_QUEUE = 'INVENTORY.EVENTS.BOQ';
const OF_SHIPPING = 'payments.shipping.dlt';
const OF_ORDER = 'payments.order.dlt';

/** Letters of each broker, in each test that lets the desk die. */
const BATCH = 4;
const ORDERS = 3 + 3 * 2 * BATCH;

jest.setTimeout(120_000);

interface Letter {
  readonly id: string;
  readonly state: string;
  readonly source: string;
  readonly reason: string;
}
/** A message as a program gets it that knows nothing of Orderbridge. */
interface MqMessage {
  readonly body: string;
  readonly descriptor: Readonly<Record<string, string | number>>;
  readonly properties: Readonly<Record<string, string>>;
}
/** An order that is RESERVED, and what inventory has told payment of it, which payment has never seen. */
interface Reserved {
  readonly orderId: string;
  readonly message: MqMessage;
}

/**
 * Payment is started by hand once all orders are reserved and a foreign program has taken their messages from its queue;
 * each test decides what becomes of them.
 */
describe('dead letters of both brokers', () => {
  let crashes: string;
  let stack: RunningStack;
  let foreign: MqClient;
  let producer: Producer;
  let payment: ChildProcess;
  const reserved: Reserved[] = [];

  beforeAll(async () => {
    crashes = await mkdtemp(join(tmpdir(), 'orderbridge-crashes-'));
    const environment = {
      DELIVERY_AFTER_MS: '120000',
      SCAN_INTERVAL_MS: '200',
      [CRASH_POINTS_FOLDER]: crashes,
    };
    stack = await RunningStack.create(4_000, environment, ['payment']);
    await stack.start();
    // Where the stand-in for IBM's client library is, the stack has written down.
    const { LD_LIBRARY_PATH = '' } = parseEnv(await readFile(join(stack.data, 'env', 'payment.env'), 'utf8'));
    foreign = await MqClient.start({ LD_LIBRARY_PATH, MQIJS_PREFER_INSTALLED_LIBRARY: '1' });
    await foreign.call('connect', { address: stack.mq, channel: 'ORDERBRIDGE.SVRCONN' });
    await foreign.call('open', { name: QUEUE, options: ['INPUT_SHARED', 'OUTPUT'] });
    await foreign.call('open', { name: BACKOUT_QUEUE, options: ['INPUT_SHARED', 'OUTPUT'] });
    producer = new kafkajs.Kafka({ brokers: [stack.kafka], logLevel: 0 }).producer();
    await producer.connect();
    for (let orders = 0; orders < ORDERS; orders++)
      await stack.post('order', '/orders', { userId: USER, items: { [LAMP]: 1 } });
    while (reserved.length < ORDERS) {
      const message = await take(QUEUE);
      const { orderId } = JSON.parse(message.body) as { orderId: string };
      reserved.push({ orderId, message });
    }
    payment = await stack.runByHand('payment');
  });

  afterAll(async () => {
    await producer?.disconnect();
    await foreign?.stop();
    if (payment && payment.exitCode === null) {
      const ended = once(payment, 'exit');
      payment.kill('SIGTERM');
      await ended;
    }
    await stack?.remove();
    await rm(crashes, { recursive: true, force: true });
  });

  /** Takes the message with an id (48 hex digits), or the first. */
  const take = (queue: string, id?: string): Promise<MqMessage> =>
    foreign.call('get', {
      object: queue,
      options: ['NO_SYNCPOINT', 'WAIT', 'PROPERTIES_IN_HANDLE'],
      wait: 30_000,
      handle: true,
      ...(id !== undefined && { descriptor: { MsgId: id }, match: ['MATCH_MSG_ID'] }),
    });
  /** Resolves with the message's id. */
  const put = async (
    queue: string,
    { body, properties }: Pick<MqMessage, 'body' | 'properties'>,
  ): Promise<string> => {
    const { descriptor } = await foreign.call('put', {
      object: queue,
      options: ['NO_SYNCPOINT', 'NEW_MSG_ID'],
      descriptor: { Format: 'MQSTR', Persistence: 1 },
      properties,
      body,
    });
    return descriptor.MsgId;
  };
  const next = (count = 1): Reserved[] => {
    const taken = reserved.splice(0, count);
    expect(taken).toHaveLength(count);
    return taken;
  };
  /** What payment would say if it had charged the order. */
  const paid = ({ orderId, message }: Reserved) => {
    const { totalAmount, currency, lines, shipTo } = JSON.parse(message.body) as Record<string, unknown>;
    const data = { orderId, userId: USER, paymentId: uuid(), chargeId: 'ch_test', invoiceNumber: 'INV-TEST' };
    return { ...data, amount: totalAmount, currency, lines, shipTo };
  };
  const paidHeaders = ({ message }: Reserved) => ({
    ...headersOf(message),
    ce_id: uuid(),
    ce_type: 'payment.processed',
    ce_dataschema: 'urn:orderbridge:payment.processed:v1',
  });
  const send = (topic: string, key: string, headers: IHeaders, data: unknown) =>
    producer.send({ topic, messages: [{ key, headers, value: JSON.stringify(data) }] });

  const query = (parameters: Record<string, string>) => new URLSearchParams(parameters).toString();
  const desk = (path: string) => stack.get('dead-letter-desk', path);
  const ask = (path: string, body: object) =>
    stack.post('dead-letter-desk', path, body, { 'x-operator': 'ada' });
  const redrive = (id: string, edit: object = {}) => ask(`/dead-letters/${id}/redrive`, edit);
  const find = async (filter: Record<string, string>): Promise<Letter[]> =>
    (await desk(`/dead-letters?${query({ limit: '100', ...filter })}`)).body.letters;
  const raised = (filter: Record<string, string>, count: number): Promise<Letter[]> =>
    until(
      () => find({ ...filter, state: 'OPEN' }),
      (found) => found.length === count,
    );
  const letterOf = async (source: string, orderId: string): Promise<Letter> =>
    (await raised({ source, orderId }, 1))[0] as Letter;
  const metric = async (name: string, source: string): Promise<number> => {
    const { body } = await desk('/metrics');
    const [, value] = new RegExp(`^${name}\\{[^}]*source="${source}"\\} (.*)$`, 'm').exec(body) ?? [];
    return Number(value);
  };
  const terminal = async (...args: string[]): Promise<string> => {
    const main = 'dist/apps/dead-letter-terminal/src/main.js';
    const address = ['--desk', stack.url('dead-letter-desk')];
    return (await run(process.execPath, [main, ...args, ...address])).stdout;
  };

  /** Resolves with the causes in an order's timeline, once it has shipped and what was asked of the desk is noted. */
  const ships = async (orderId: string, noted = 1): Promise<string[]> => {
    const causes = async (): Promise<string[]> =>
      (await stack.get('order', `/orders/${orderId}/timeline`)).body.entries.map(
        ({ cause }: { cause: string }) => cause,
      );
    return until(causes, (all) => all.includes('shipment.created') && count(all, 'redriven') >= noted);
  };
  const count = (causes: readonly string[], what: string): number =>
    causes.filter((cause) => cause.endsWith(what)).length;
  /** How often the partners were asked for each of the orders. */
  const booked = async (orders: readonly Reserved[]) => {
    const { charges, shipments } = await partnersBooks(stack);
    return orders.map(({ orderId }) => ({
      charges: charges.filter(({ reference }) => reference === orderId).length,
      labels: shipments.filter((shipment) => shipment.orderId === orderId).length,
    }));
  };

  test('a message on IBM MQ that is wrong is shown as it was, put right, and sent again once', async () => {
    const [order] = next() as [Reserved];
    const { orderId, message } = order;
    const body = message.body.replace(/"totalAmount":[^,}]+/, '"totalAmount":"viel, ß"');
    await put(QUEUE, { ...message, body });
    const letter = await letterOf(BACKOUT_QUEUE, orderId);
    expect(letter.reason).toContain('totalAmount');
    const shown = (await desk(`/dead-letters/${letter.id}`)).body;
    expect(Buffer.from(shown.raw, 'base64').toString()).toBe(body);
    expect(shown.headers).toMatchObject({
      ...headersOf(message),
      dlt_consumer: 'payment',
      dlt_error: 'InvalidEventError',
      dlt_queue: QUEUE,
      dlt_attempts: '1',
    });
    expect(shown.attempts).toBe(1);
    expect(await metric('dead_letters_open', BACKOUT_QUEUE)).toBe(1);
    expect(await metric('dead_letters_oldest_seconds', BACKOUT_QUEUE)).toBeGreaterThan(0);

    const refused = await redrive(letter.id, { payload: { ...shown.payload, totalAmount: 'little' } });
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([422, '/payload/totalAmount']);
    const edit = { payload: JSON.parse(message.body) };
    const answers = await Promise.all([redrive(letter.id, edit), redrive(letter.id, edit)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect((await redrive(letter.id)).body.state).toBe('REDRIVEN');

    const causes = await ships(orderId);
    expect([count(causes, 'dead-letter.raised'), count(causes, 'dead-letter.redriven')]).toEqual([1, 1]);
    expect(await booked([order])).toEqual([{ charges: 1, labels: 1 }]);
    expect(await metric('dead_letters_open', BACKOUT_QUEUE)).toBe(0);
    const kept = (await desk(`/dead-letters/${letter.id}`)).body;
    expect([kept.raw, kept.edit]).toEqual([shown.raw, edit]);
    expect(await terminal('list', '--state', 'REDRIVEN', '--order', orderId)).toContain(letter.id);
  });

  test('a message on Kafka that is wrong is a letter of each group, and once right counts once for each', async () => {
    const [order] = next() as [Reserved];
    const { orderId } = order;
    const binary = Buffer.from([0xff, 0x00]);
    const headers = { ...paidHeaders(order), binary };
    await send('payments', orderId, headers, { ...paid(order), shipTo: 'somewhere' });
    const letters = [await letterOf(OF_ORDER, orderId), await letterOf(OF_SHIPPING, orderId)];
    const shown = (await desk(`/dead-letters/${letters[1]?.id}`)).body;
    expect(shown).toMatchObject({
      origin: 'payments',
      consumer: 'shipping',
      attempts: 1,
      error: 'InvalidEventError',
      reason: expect.stringContaining('shipTo'),
      key: orderId,
      payload: { orderId, shipTo: 'somewhere' },
      headers: { ce_id: headers.ce_id, binary: { base64: binary.toString('base64') } },
    });
    const payload = { ...shown.payload, shipTo: paid(order).shipTo };
    for (const { id } of [...letters, ...letters])
      expect((await redrive(id, { payload })).body.state).toBe('REDRIVEN');
    const causes = await ships(orderId, 2);
    expect(count(causes, 'payment.processed')).toBe(1);
    expect(await booked([order])).toEqual([{ charges: 0, labels: 1 }]);
    expect((await desk(`/dead-letters/${shown.id}`)).body.raw).toBe(shown.raw);
  });

  test('what was never a message is found page by page, sent again in vain, and given up with a reason', async () => {
    const since = new Date().toISOString();
    for (const body of ['hello', 'good day', 'good night']) await put(QUEUE, { body, properties: {} });
    const open = await raised({ source: BACKOUT_QUEUE, from: since }, 3);
    const page = async (cursor: Record<string, string>) =>
      (await desk(`/dead-letters?${query({ state: 'OPEN', limit: '2', ...cursor })}`)).body;
    const first = await page({});
    const { letters: second, nextCursor } = await page({ cursor: first.nextCursor });
    expect([...first.letters, ...second].map(({ id }) => id)).toEqual(open.map(({ id }) => id));
    expect([first.letters.length, nextCursor]).toEqual([2, undefined]);

    const ids = open.map(({ id }) => id);
    const { results } = (await ask('/dead-letters/redrive', { ids: [...ids, ids[0]] })).body;
    expect(results).toEqual(ids.map((id) => ({ id, outcome: 'redriven', state: 'REDRIVEN' })));
    const again = await until(
      () => find({ source: BACKOUT_QUEUE, from: since, state: 'OPEN' }),
      (found) => found.length === 3 && found.every(({ id }) => !ids.includes(id)),
    );
    const [{ id }, ...others] = again as [Letter, ...Letter[]];
    expect(await terminal('discard', id, '--reason', 'a greeting', '--operator', 'bob')).toContain(
      'greeting',
    );
    expect(await terminal('discard', id, '--reason', 'again', '--operator', 'bob')).toContain('a greeting');
    expect((await redrive(id)).status).toBe(409);
    for (const other of others)
      expect((await ask(`/dead-letters/${other.id}/discard`, { reason: 'no order' })).status).toBe(200);
    expect((await desk(`/audit?letterId=${id}`)).body.entries).toMatchObject([
      { action: 'discarded', operator: 'bob' },
      { action: 'discard-asked', operator: 'bob', detail: { reason: 'a greeting' } },
    ]);
    expect(await metric('dead_letters_open', BACKOUT_QUEUE)).toBe(0);
    expect(await terminal('list')).toBe('No such dead letters.\n');
  });

  test('a program that knows nothing of us moves a message back, and it is processed once', async () => {
    const [order] = next() as [Reserved];
    const { orderId, message } = order;
    // As payment leaves a right message when its own bug was in the way.
    const properties = { ...message.properties, dlt_id: uuid(), dlt_reason: 'A bug, since mended' };
    const messageId = await put(BACKOUT_QUEUE, { ...message, properties });
    const { id } = await letterOf(BACKOUT_QUEUE, orderId);
    await put(QUEUE, await take(BACKOUT_QUEUE, messageId));
    await ships(orderId, 0);
    const late = await redrive(id);
    expect([late.status, late.body.state]).toEqual([409, 'GONE']);
    expect(await booked([order])).toEqual([{ charges: 1, labels: 1 }]);
    const [last] = (await desk(`/audit?letterId=${id}`)).body.entries;
    expect(last).toMatchObject({ action: 'gone', operator: 'desk' });
  });

  describe('a desk that dies while it sends many', () => {
    /**
     * As left by bugs of payment and shipping that are mended since: letters on either broker with a reason, noted in the
     * timelines of their orders.
     */
    const leave = async (reason: string): Promise<{ onQueue: Reserved[]; onTopic: Reserved[] }> => {
      const [onQueue, onTopic] = [next(BATCH), next(BATCH)];
      for (const { message } of onQueue) {
        const properties = { ...message.properties, dlt_id: uuid(), dlt_reason: reason };
        await put(BACKOUT_QUEUE, { ...message, properties });
      }
      for (const order of onTopic) {
        const headers = { ...paidHeaders(order), dlt_id: uuid(), dlt_reason: reason, dlt_topic: 'payments' };
        await send(OF_SHIPPING, order.orderId, headers, paid(order));
      }
      await raised({ reason }, 2 * BATCH);
      for (const { orderId } of [...onQueue, ...onTopic]) {
        await until(
          () => stack.get('order', `/orders/${orderId}/timeline`),
          ({ body }) => JSON.stringify(body).includes('dead-letter.raised'),
        );
      }
      return { onQueue, onTopic };
    };
    const redriveAll = (reason: string) => ask('/dead-letters/redrive', { filter: { reason } });
    /** Resolves with what the operator is told, once the desk has died as ordered and is there again. */
    const redriveAllAndDie = async (reason: string, point: CrashPoint, hit: number): Promise<unknown> => {
      const pid = await stack.pid('dead-letter-desk');
      const order = join(crashes, `${pid}`);
      await writeFile(order, crashOrder(point, hit));
      const told = await redriveAll(reason).catch((error: Error) => error);
      // The order is gone when it was carried out.
      await until(
        () => readdir(crashes),
        (orders) => !orders.includes(`${pid}`),
      );
      await until(
        () => desk('/health/ready').catch(() => undefined),
        (answer) => answer?.status === 200,
      );
      expect(await stack.pid('dead-letter-desk')).not.toBe(pid);
      return told;
    };
    const eachOnce = async (reason: string, onQueue: readonly Reserved[], onTopic: readonly Reserved[]) => {
      await raised({ reason }, 0);
      for (const { orderId } of [...onQueue, ...onTopic]) {
        const causes = await ships(orderId);
        expect([count(causes, 'payment.processed'), count(causes, 'dead-letter.redriven')]).toEqual([1, 1]);
      }
      expect(await booked(onQueue)).toEqual(onQueue.map(() => ({ charges: 1, labels: 1 })));
      expect(await booked(onTopic)).toEqual(onTopic.map(() => ({ charges: 0, labels: 1 })));
      expect(await find({ reason, state: 'REDRIVEN' })).toHaveLength(2 * BATCH);
    };

    /** What order was told twice. */
    const duplicates = async (): Promise<number> => {
      const { body } = await stack.get('order', '/metrics');
      return Number(/^inbox_events_total\{outcome="duplicate"\} (.*)$/m.exec(body)?.[1] ?? 0);
    };

    test.each<CrashPoint>(['dead-letters.asked', 'dead-letters.moved'])(
      'at %s has sent each once when it is asked again',
      async (point) => {
        const { onQueue, onTopic } = await leave(point);
        expect(await redriveAllAndDie(point, point, 2)).toMatchObject({ message: 'fetch failed' });
        const { results, remaining } = (await redriveAll(point)).body;
        expect([results.length > 0, remaining]).toEqual([true, 0]);
        await eachOnce(point, onQueue, onTopic);
      },
    );

    test('after Kafka has taken some, and before it has noted that, sends those twice and they count once', async () => {
      const reason = 'relay.published';
      const { onQueue, onTopic } = await leave(reason);
      const before = await duplicates();
      await redriveAllAndDie(reason, reason, 1);
      expect((await redriveAll(reason)).body.remaining).toBe(0);
      await eachOnce(reason, onQueue, onTopic);
      expect(await duplicates()).toBeGreaterThan(before);
    });
  });
});

/** Names with a hyphen are no names of IBM MQ's properties. */
const headersOf = ({ properties }: MqMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [name.replaceAll('_x002D_', '-'), value]),
  );
