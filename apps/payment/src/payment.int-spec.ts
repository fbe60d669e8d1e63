import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import {
  chargeRequested,
  fixtureEvent,
  inventoryOutOfStock,
  inventoryReserved,
  orderCancellationConfirmed,
  orderFulfilmentFailed,
  ORDERS,
  paymentCancelled,
  paymentFailed,
  paymentPostponed,
  paymentProcessed,
  paymentRefunded,
  refundRequested,
  type DataOf,
  type EventContract,
  orderCancelling,
  orderRejected,
} from '@orderbridge/contracts';
import { KafkaPublisher } from '@orderbridge/kafka';
import type { OutgoingMessage } from '@orderbridge/messaging';
import { IbmMqPublisher } from '@orderbridge/messaging-ibm-mq';
import { until } from '@orderbridge/running-stack';
import { loadConfig, Readiness } from '@orderbridge/service';
import request from 'supertest';
import { v7 as uuid } from 'uuid';
import { expectGolden } from '../../../test/service/golden.js';
import { FakeGateway, type Answer, type Call } from '../../../test/service/fake-gateway.js';
import { createTestDatabase } from '../../../test/postgres/test-database.js';
import {
  newDelivery,
  redrivenFrom,
  startServiceUnderTest,
  type ServiceUnderTest,
} from '../../../test/service/service-under-test.js';
import { paymentEnvironment } from './payment-environment.js';
import { PaymentModule } from './payment.module.js';
import { PaymentRepository } from './storage/payment.repository.js';

/** Something that one side waits for and the other gives. */
function signal(): { readonly given: Promise<void>; give: () => void } {
  let give!: () => void;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give };
}

const json = (response: ServerResponse, body: string | Buffer): void => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);
};
const html = (response: ServerResponse, status: number): void => {
  response.writeHead(status, { 'content-type': 'text/html' }).end('<h1>Not Found</h1>');
};
/** Writes for as long as it is read. */
function endless(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const chunk = 'a'.repeat(65_536);
  const write = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', write);
  write();
}

describe('payment service', () => {
  const gateway = new FakeGateway();
  const approve = gateway.answer;
  let service: ServiceUnderTest;

  beforeAll(async () => {
    const config = loadConfig(paymentEnvironment, {
      DATABASE_URL: await createTestDatabase(),
      KAFKA_BROKERS: 'nowhere:1',
      IBM_MQ_QUEUE_MANAGER: 'QM1',
      IBM_MQ_CONNECTION_NAME: 'nowhere(1)',
      PAYMENT_GATEWAY_URL: await gateway.start(),
      PAYMENT_GATEWAY_TIMEOUT_MS: '300',
    });
    service = await startServiceUnderTest(PaymentModule.forRoot(config), {
      kafka: KafkaPublisher,
      mq: IbmMqPublisher,
    });
  });

  afterAll(async () => {
    await service.close();
    await gateway.stop();
  });

  beforeEach(() => {
    gateway.answer = approve;
    gateway.lookupAnswer = undefined;
  });

  const http = () => request(service.app.getHttpServer());
  const reserved = (orderId = uuid()): DataOf<typeof inventoryReserved> => ({
    ...fixtureEvent(inventoryReserved).data,
    orderId,
  });
  const status = async (orderId: string) => (await http().get(`/payment/status/${orderId}`).expect(200)).body;
  const announced = async (type: EventContract, orderId: string) => {
    for (let count = 1; ; count++) {
      const messages = await service.kafka.until(type, count);
      const found = messages.filter(({ key }) => key === orderId);
      if (found.length > 0) return found;
      count = Math.max(count, messages.length);
    }
  };

  test('charges once, writes an invoice and sends the golden payment.processed', async () => {
    const order = reserved();
    await service.deliver(newDelivery(inventoryReserved, order));
    const [message] = await announced(paymentProcessed, order.orderId);
    const payment = await status(order.orderId);
    expect(payment).toMatchObject({ status: 'SUCCEEDED', amount: 500, currency: 'EUR', attempts: 1 });
    expect(payment.invoice).toMatchObject({
      number: expect.stringMatching(/^INV-\d{4}-\d{8}$/),
      lines: order.lines,
    });
    expect(gateway.of(order.orderId)).toEqual([
      {
        path: '/v1/charges',
        key: `charge-${order.orderId}`,
        body: { amount: 50_000, currency: 'EUR', source: 'tok_approve', reference: order.orderId },
      },
    ]);
    expectGolden(paymentProcessed, message, {
      orderId: order.orderId,
      paymentId: payment.paymentId,
      chargeId: payment.chargeId,
      invoiceNumber: payment.invoice.number,
    });
  });

  test('a declined charge ends in the golden payment.failed, without an invoice', async () => {
    gateway.answer = () => ({
      status: 402,
      body: { code: 'card_declined', message: 'The card was declined.' },
    });
    const order = reserved();
    await service.deliver(newDelivery(inventoryReserved, order));
    const [message] = await announced(paymentFailed, order.orderId);
    const payment = await status(order.orderId);
    expect(payment).toMatchObject({
      status: 'FAILED',
      failure: { code: 'card_declined', reason: 'The card was declined.' },
    });
    expect(payment.invoice).toBeUndefined();
    expectGolden(paymentFailed, message, { orderId: order.orderId, paymentId: payment.paymentId });
  });

  test.each<[string, Answer | 'silence']>([
    ['answers 500', { status: 500, body: { code: 'internal_error', message: 'sorry' } }],
    ['answers 429', { status: 429, body: {} }],
    ['does not answer', 'silence'],
    ['answers what is no charge', { status: 200, body: { nonsense: true } }],
    ['is behind a proxy that answers 404', { status: 404, body: { message: 'no Route matched' } }],
    ['is behind a proxy that answers 400', { status: 400, body: { statusCode: 400, error: 'Bad Request' } }],
    ['is behind a proxy with codes of its own', { status: 400, body: { code: 'BadRequest', message: 'no' } }],
    ['is behind a proxy with numbers for codes', { status: 422, body: { code: 5, message: 'no' } }],
    ['answers 404 and nothing', { status: 404, raw: (response) => response.writeHead(404).end() }],
    ['answers 402 in HTML', { status: 402, raw: (response) => html(response, 402) }],
    ['answers 200 in HTML', { status: 200, raw: (response) => html(response, 200) }],
    ['answers nothing', { status: 200, raw: (response) => response.writeHead(201).end() }],
    ['answers an empty id', { status: 200, body: { id: '', status: 'succeeded' } }],
    ['answers an id with a NUL', { status: 200, body: { id: 'ch\0', status: 'succeeded' } }],
    ['answers an id that is none', { status: 200, body: { id: 'ch_\ud800', status: 'succeeded' } }],
    [
      'answers an id of 10,000 characters',
      { status: 200, body: { id: 'c'.repeat(10_000), status: 'succeeded' } },
    ],
    ['answers a wrong type', { status: 200, body: { id: ['ch_1'], status: 'succeeded' } }],
    ['answers another charge', { status: 200, body: { id: 'ch_1', status: 'succeeded', amount: 1 } }],
    ['nests too deep', { status: 200, raw: (response) => json(response, '['.repeat(10_000)) }],
    ['answers without end', { status: 200, raw: endless }],
    [
      'claims 400 MB',
      {
        status: 200,
        raw: (response) =>
          response
            .writeHead(200, { 'content-length': '400000000', 'content-type': 'application/json' })
            .write('{'),
      },
    ],
    [
      'compresses its answer',
      { status: 200, headers: { 'content-encoding': 'br' }, body: { id: 'ch_1', status: 'succeeded' } },
    ],
    [
      'answers in UTF-16',
      {
        status: 200,
        headers: { 'content-type': 'application/json; charset=utf-16' },
        body: { id: 'ch_1', status: 'succeeded' },
      },
    ],
    [
      'answers bytes that are no text',
      { status: 200, raw: (response) => json(response, Buffer.from([0x22, 0xff, 0x22])) },
    ],
  ])('when the gateway %s, the charge is repeated with the same key', async (_, bad) => {
    gateway.answer = (call, nth) => (nth <= 2 ? bad : approve(call, nth));
    const order = reserved();
    await service.deliver(newDelivery(inventoryReserved, order));
    await announced(paymentProcessed, order.orderId);
    const calls = gateway.of(order.orderId);
    expect(calls).toHaveLength(3);
    expect(new Set(calls.map(({ key }) => key)).size).toBe(1);
    expect(await status(order.orderId)).toMatchObject({ status: 'SUCCEEDED', attempts: 3 });
  });

  test('an order that is delivered again, or told anew, is charged once', async () => {
    const order = reserved();
    const delivery = newDelivery(inventoryReserved, order);
    await service.deliver(delivery, delivery);
    await announced(paymentProcessed, order.orderId);
    await service.deliver(delivery);
    await service.deliver(newDelivery(inventoryReserved, reserved()));
    expect(gateway.of(order.orderId)).toHaveLength(1);
  });

  test('many orders are charged, each its own', async () => {
    const orders = Array.from({ length: 60 }, () => reserved());
    await service.deliver(...orders.map((order) => newDelivery(inventoryReserved, order)));
    for (const { orderId } of orders) {
      await announced(paymentProcessed, orderId);
      // On a busy machine an answer may be too late and the charge be asked for again, with the same key.
      expect(new Set(gateway.of(orderId).map(({ key }) => key)).size).toBe(1);
    }
    const numbers: { number: string }[] = await service.dataSource.query('SELECT number FROM invoice');
    expect(new Set(numbers.map(({ number }) => number)).size).toBe(numbers.length);
  });

  test('an order that is out of stock is closed unpaid', async () => {
    const orderId = uuid();
    await service.deliver(
      newDelivery(inventoryOutOfStock, { ...fixtureEvent(inventoryOutOfStock).data, orderId }),
    );
    expect(await status(orderId)).toMatchObject({ status: 'UNPAID', amount: 500, attempts: 0 });
    expect(gateway.of(orderId)).toEqual([]);
  });

  test('a charge whose process died is taken up by another one, with the same key', async () => {
    const id = uuid();
    const orderId = uuid();
    await service.dataSource.query(
      `INSERT INTO payment (id, order_id, user_id, status, amount, currency, payment_token, fulfilment, cause, attempts, due_at)
       VALUES ($1, $2, $3, 'PENDING', 100, 'EUR', 'tok_approve', $4, '{"correlationId":"c"}', 1, now() - interval '1 second')`,
      [
        id,
        orderId,
        fixtureEvent(inventoryReserved).data.userId,
        JSON.stringify({
          lines: fixtureEvent(inventoryReserved).data.lines,
          shipTo: fixtureEvent(inventoryReserved).data.shipTo,
        }),
      ],
    );
    await announced(paymentProcessed, orderId);
    expect(gateway.of(orderId).map(({ key }) => key)).toEqual([id]);
  });

  describe('refund', () => {
    const charged = async () => {
      const order = reserved();
      await service.deliver(newDelivery(inventoryReserved, order));
      await announced(paymentProcessed, order.orderId);
      return order.orderId;
    };
    const failed = (orderId: string) =>
      newDelivery(orderFulfilmentFailed, { ...fixtureEvent(orderFulfilmentFailed).data, orderId });
    const refunds = (orderId: string) => gateway.of(orderId, '/v1/refunds');

    test('gives the charge of an order back that cannot be shipped, once, and sends the golden payment.refunded', async () => {
      const orderId = await charged();
      const { chargeId } = await status(orderId);
      await service.deliver(failed(orderId), failed(orderId));
      const [message] = await announced(paymentRefunded, orderId);
      await service.deliver(failed(orderId));
      const payment = await status(orderId);
      expect(payment).toMatchObject({ status: 'REFUNDED', chargeId });
      expect(refunds(orderId)).toEqual([
        {
          path: '/v1/refunds',
          key: `refund-${orderId}`,
          body: { charge: chargeId, amount: 50_000, reference: orderId },
        },
      ]);
      const { paymentId, refundId } = payment;
      expectGolden(paymentRefunded, message, { orderId, paymentId, refundId });
    });

    test('who asks again for what was given back is told again', async () => {
      const orderId = await charged();
      await service.deliver(failed(orderId));
      const [first] = await announced(paymentRefunded, orderId);
      await service.deliver(failed(orderId));
      const told = () =>
        service.kafka.messages.filter(
          ({ key, headers }) => key === orderId && headers['ce_type'] === paymentRefunded.type,
        );
      while (told().length < 2) await sleep(10);
      expect(told()[1]?.body).toEqual(first?.body);
      expect(refunds(orderId)).toHaveLength(1);
    });

    test.each<[string, Answer | 'silence']>([
      ['answers 500', { status: 500, body: { code: 'internal_error', message: 'sorry' } }],
      ['does not answer', 'silence'],
    ])('when the gateway %s, the refund is asked for again with the same key', async (_, bad) => {
      const orderId = await charged();
      gateway.answer = (call, nth) => (nth <= 2 ? bad : approve(call, nth));
      await service.deliver(failed(orderId));
      await announced(paymentRefunded, orderId);
      expect(refunds(orderId)).toHaveLength(3);
      expect(new Set(refunds(orderId).map(({ key }) => key)).size).toBe(1);
    });

    test('a refund that the gateway refuses for good is a dead letter; sent again it is asked for again', async () => {
      const orderId = await charged();
      gateway.answer = (call, nth) =>
        call.path === '/v1/refunds' && nth === 1
          ? { status: 422, body: { code: 'closed', message: 'The account is closed.' } }
          : approve(call, nth);
      await service.deliver(failed(orderId));
      const [letter] = await announced(refundRequested, orderId);
      const { paymentId, status: parked } = await status(orderId);
      expect(parked).toBe('REFUNDING');
      expect(letter?.destination.name).toBe('orders.payment.dlt');
      expect(letter?.headers).toMatchObject({
        dlt_error: 'RefundRefusedError',
        dlt_reason: expect.stringContaining('The account is closed.'),
        dlt_attempts: '1',
        dlt_consumer: 'payment',
        dlt_topic: 'orders',
      });
      const { original, delivery: redriven } = redrivenFrom(letter as OutgoingMessage, ORDERS);
      expectGolden(refundRequested, original, { orderId, paymentId });
      // Nobody else makes it due.
      await service.deliver(failed(orderId));
      expect(refunds(orderId)).toHaveLength(1);
      await service.deliver(redriven, redriven);
      await announced(paymentRefunded, orderId);
      await service.deliver(redriven);
      expect(await status(orderId)).toMatchObject({ status: 'REFUNDED' });
      expect(refunds(orderId)).toHaveLength(2);
      expect(new Set(refunds(orderId).map(({ key }) => key)).size).toBe(1);
      expect(await announced(refundRequested, orderId)).toHaveLength(1);
    });

    test.each([{ charge: 'ch_other' }, { amount: 1 }])(
      'an answer about another refund is not believed: %j',
      async (other) => {
        const orderId = await charged();
        gateway.answer = (call, nth) =>
          call.path === '/v1/refunds' && nth === 1
            ? { status: 201, body: { id: 're_other', ...other } }
            : approve(call, nth);
        await service.deliver(failed(orderId));
        await announced(paymentRefunded, orderId);
        expect(refunds(orderId)).toHaveLength(2);
        expect((await status(orderId)).refundId).not.toBe('re_other');
      },
    );

    test('a part that was given back is not taken for the whole', async () => {
      const orderId = await charged();
      const { chargeId } = await status(orderId);
      gateway.answer = () => ({
        status: 422,
        body: { code: 'partly_refunded', message: 'A part was given back before.' },
      });
      const part = { id: 're_part', charge: chargeId, reference: orderId, amount: 1_000 };
      gateway.lookupAnswer = (url) =>
        url.startsWith('/v1/refunds') ? { status: 200, body: { refunds: [part] } } : undefined;
      await service.deliver(failed(orderId));
      await announced(refundRequested, orderId);
      expect(await status(orderId)).toMatchObject({ status: 'REFUNDING' });
    });

    test('parts that add up to the whole are the refund', async () => {
      const orderId = await charged();
      const { chargeId } = await status(orderId);
      gateway.answer = () => ({
        status: 422,
        body: { code: 'already_refunded', message: 'It was given back before.' },
      });
      const parts = [20_000, 30_000].map((amount, index) => ({
        id: `re_${index}`,
        charge: chargeId,
        reference: orderId,
        amount,
      }));
      gateway.lookupAnswer = (url) =>
        url.startsWith('/v1/refunds') ? { status: 200, body: { refunds: parts } } : undefined;
      await service.deliver(failed(orderId));
      await announced(paymentRefunded, orderId);
      expect(await status(orderId)).toMatchObject({ status: 'REFUNDED', refundId: 're_1' });
    });

    test('a payment that was declined has nothing to give back', async () => {
      gateway.answer = () => ({ status: 402, body: { code: 'card_declined', message: 'no' } });
      const order = reserved();
      await service.deliver(newDelivery(inventoryReserved, order));
      await announced(paymentFailed, order.orderId);
      await service.deliver(failed(order.orderId));
      expect(await status(order.orderId)).toMatchObject({ status: 'FAILED' });
      expect(refunds(order.orderId)).toEqual([]);
    });
  });

  describe('cancellation', () => {
    const cancelling = (orderId: string) =>
      newDelivery(orderCancelling, { ...fixtureEvent(orderCancelling).data, orderId });
    const confirmed = (orderId: string) =>
      newDelivery(orderCancellationConfirmed, { ...fixtureEvent(orderCancellationConfirmed).data, orderId });
    const refunds = (orderId: string) => gateway.of(orderId, '/v1/refunds');

    test('before inventory has told of the order, nothing is ever charged', async () => {
      const order = reserved();
      await service.deliver(confirmed(order.orderId));
      const [message] = await announced(paymentCancelled, order.orderId);
      const { paymentId, status: found } = await status(order.orderId);
      expect(found).toBe('UNPAID');
      expectGolden(paymentCancelled, message, { orderId: order.orderId, paymentId });
      const [outcome] = await service.deliver(newDelivery(inventoryReserved, order));
      expect(outcome?.status).toBe('settled');
      expect(await status(order.orderId)).toMatchObject({ status: 'UNPAID', attempts: 0 });
      expect(gateway.of(order.orderId)).toEqual([]);
    });

    test('after the charge, nothing is given back until it is known that the parcel can be kept back', async () => {
      const order = reserved();
      await service.deliver(newDelivery(inventoryReserved, order));
      await announced(paymentProcessed, order.orderId);
      await service.deliver(cancelling(order.orderId));
      expect(await status(order.orderId)).toMatchObject({ status: 'SUCCEEDED' });
      await service.deliver(confirmed(order.orderId));
      await announced(paymentRefunded, order.orderId);
    });

    test('what was never charged is closed at once, and that is said again when it is confirmed', async () => {
      const order = reserved();
      await service.deliver(cancelling(order.orderId));
      await announced(paymentCancelled, order.orderId);
      await service.deliver(newDelivery(inventoryReserved, order), confirmed(order.orderId));
      while ((await announced(paymentCancelled, order.orderId)).length < 2) await sleep(10);
      expect(gateway.of(order.orderId)).toEqual([]);
    });

    test('after the charge, it is given back, once', async () => {
      const order = reserved();
      await service.deliver(newDelivery(inventoryReserved, order));
      await announced(paymentProcessed, order.orderId);
      await service.deliver(confirmed(order.orderId), confirmed(order.orderId));
      await announced(paymentRefunded, order.orderId);
      expect(await status(order.orderId)).toMatchObject({ status: 'REFUNDED' });
      expect(refunds(order.orderId)).toHaveLength(1);
    });

    test('while the gateway is asked, the charge is brought to its end and given back', async () => {
      const asked = signal();
      gateway.answer = (call, nth) => {
        asked.give();
        return nth === 1 && call.path === '/v1/charges' ? 'silence' : approve(call, nth);
      };
      const order = reserved();
      await service.deliver(newDelivery(inventoryReserved, order));
      await asked.given;
      await service.deliver(confirmed(order.orderId));
      await announced(paymentRefunded, order.orderId);
      expect(new Set(gateway.of(order.orderId).map(({ key }) => key)).size).toBe(1);
      expect(refunds(order.orderId)).toHaveLength(1);
      const told = service.kafka.messages.filter(({ key }) => key === order.orderId);
      const types = told.map(({ headers }) => headers['ce_type']);
      expect(types).toEqual([paymentPostponed.type, paymentRefunded.type]);
    });

    test('while the gateway is asked and refuses, there is nothing to give back', async () => {
      const asked = signal();
      gateway.answer = (_, nth) => {
        asked.give();
        return nth === 1 ? 'silence' : { status: 402, body: { code: 'card_declined', message: 'no' } };
      };
      const order = reserved();
      await service.deliver(newDelivery(inventoryReserved, order));
      await asked.given;
      await service.deliver(confirmed(order.orderId));
      await announced(paymentCancelled, order.orderId);
      expect(await status(order.orderId)).toMatchObject({ status: 'FAILED' });
      expect(refunds(order.orderId)).toEqual([]);
    });

    test('who asks again is told again, and nothing happens twice', async () => {
      const order = reserved();
      await service.deliver(newDelivery(inventoryReserved, order));
      await announced(paymentProcessed, order.orderId);
      await service.deliver(confirmed(order.orderId));
      await announced(paymentRefunded, order.orderId);
      await service.deliver(confirmed(order.orderId));
      const told = () =>
        service.kafka.messages.filter(
          ({ key, headers }) => key === order.orderId && headers['ce_type'] === paymentRefunded.type,
        );
      while (told().length < 2) await sleep(10);
      expect(refunds(order.orderId)).toHaveLength(1);
    });

    test('a payment that was declined or closed before is told of as uncharged', async () => {
      const orderId = uuid();
      const outOfStock = { ...fixtureEvent(inventoryOutOfStock).data, orderId };
      await service.deliver(newDelivery(inventoryOutOfStock, outOfStock), confirmed(orderId));
      await announced(paymentCancelled, orderId);
      expect(await status(orderId)).toMatchObject({ status: 'UNPAID' });
    });
  });

  test('while the gateway is in trouble, few calls find that out; health and metrics tell', async () => {
    gateway.answer = () => ({ status: 500, body: {} });
    const orders = Array.from({ length: 40 }, () => reserved());
    await service.deliver(...orders.map((order) => newDelivery(inventoryReserved, order)));
    const metrics = async () => (await http().get('/metrics').expect(200)).text;
    await until(metrics, (text) =>
      text.includes('circuit_breaker_state{partner="payment-gateway",operation="charge"} 2'),
    );
    expect(await metrics()).toMatch(
      /circuit_breaker_openings_total\{partner="payment-gateway",operation="charge"\} [1-9]/,
    );
    expect(await metrics()).toMatch(/work_items_open\{kind="charge"\} 40\n/);
    expect(await metrics()).toMatch(/work_items_oldest_seconds\{kind="charge"\} \d+\.\d+\n/);
    const shown = service.app.get(Readiness).information.get('circuit-breaker payment-gateway charge');
    expect(shown?.()).toEqual({ state: expect.stringMatching(/open/) });
    gateway.answer = approve;
    const paid = await Promise.all(orders.map(({ orderId }) => announced(paymentProcessed, orderId)));
    expect(paid).toHaveLength(orders.length);
    // Hardly an order is taken only to be put back: those at most that were being taken when the breaker opened.
    const attempts = await Promise.all(orders.map(({ orderId }) => status(orderId)));
    const total = attempts.reduce((sum, payment) => sum + payment.attempts, 0);
    const calls = orders.reduce((sum, { orderId }) => sum + gateway.of(orderId).length, 0);
    expect(total - calls).toBeLessThan(orders.length / 2);
    expect(await metrics()).toMatch(/work_items_open\{kind="charge"\} 0\n/);
  });

  /** Makes the retry of an order due, and what is parked stays parked. */
  const hurry = (orderId: string) =>
    service.dataSource.query(
      `UPDATE payment SET due_at = now() WHERE order_id = $1 AND due_at < 'infinity' AND due_at > now()`,
      [orderId],
    );
  /** Hurries until a message is announced. */
  const announcedSoon = async (type: EventContract, orderId: string) => {
    const timer = setInterval(() => void hurry(orderId).catch(() => undefined), 50);
    try {
      return await announced(type, orderId);
    } finally {
      clearInterval(timer);
    }
  };

  describe('in doubt', () => {
    const lost = (call: Call): 'silence' => {
      gateway.make(call);
      return 'silence';
    };

    test.each<[string, Answer]>([
      ['a definite refusal', { status: 402, body: { code: 'card_declined', message: 'no' } }],
      ["a proxy's 404", { status: 404, body: { message: 'no Route matched' } }],
      ['an error', { status: 500, body: { code: 'internal_error', message: 'sorry' } }],
    ])('a charge whose answer was lost, followed by %s, is found by its key and adopted', async (_, then) => {
      gateway.answer = (call, nth) => (nth === 1 ? lost(call) : then);
      const order = reserved();
      await service.deliver(newDelivery(inventoryReserved, order));
      await announcedSoon(paymentProcessed, order.orderId);
      expect(await status(order.orderId)).toMatchObject({
        status: 'SUCCEEDED',
        chargeId: `ch_charge-${order.orderId}`,
      });
    });

    test('a refusal is looked up once more before it is believed: the first request may have arrived late', async () => {
      const { orderId, ...order } = reserved();
      gateway.answer = (call, nth) => {
        if (nth === 1) return 'silence';
        gateway.make(call);
        return { status: 402, body: { code: 'card_declined', message: 'no' } };
      };
      await service.deliver(newDelivery(inventoryReserved, { orderId, ...order }));
      await announcedSoon(paymentProcessed, orderId);
    });

    test('a refusal after doubt is believed when the gateway has nothing', async () => {
      gateway.answer = (_, nth) =>
        nth === 1 ? 'silence' : { status: 402, body: { code: 'card_declined', message: 'no' } };
      const order = reserved();
      await service.deliver(newDelivery(inventoryReserved, order));
      await announcedSoon(paymentFailed, order.orderId);
      expect(gateway.lookups.filter((url) => url.includes(order.orderId)).length).toBeGreaterThanOrEqual(2);
    });

    test('while the look-up says nothing in the form of the gateway, nothing is decided', async () => {
      gateway.answer = (call, nth) =>
        nth === 1 ? lost(call) : { status: 402, body: { code: 'card_declined', message: 'no' } };
      gateway.lookupAnswer = () => ({ status: 404, body: { message: 'no Route matched' } });
      const order = reserved();
      await service.deliver(newDelivery(inventoryReserved, order));
      await until(
        () => hurry(order.orderId).then(() => gateway.lookups.filter((url) => url.includes(order.orderId))),
        (lookups) => lookups.length >= 3,
      );
      expect(await status(order.orderId)).toMatchObject({ status: 'PENDING' });
      gateway.lookupAnswer = undefined;
      await announcedSoon(paymentProcessed, order.orderId);
    });

    test('a charge of an earlier version is looked up under its old key, and under whatever key for the order', async () => {
      const { orderId, userId, lines, shipTo } = reserved();
      const id = uuid();
      gateway.made.set('some-other-key', {
        id: 'ch_old',
        reference: orderId,
        amount: 100,
        currency: 'EUR',
        status: 'succeeded',
      });
      await service.dataSource.query(
        `INSERT INTO payment (id, order_id, user_id, status, amount, currency, payment_token, fulfilment, cause, attempts)
         VALUES ($1, $2, $3, 'PENDING', 100, 'EUR', 'tok_approve', $4, '{"correlationId":"c"}', 1)`,
        [id, orderId, userId, JSON.stringify({ lines, shipTo })],
      );
      await announced(paymentProcessed, orderId);
      expect(gateway.lookups).toContain(`/v1/charges/by-key/${id}`);
      expect([gateway.of(orderId), (await status(orderId)).chargeId]).toEqual([[], 'ch_old']);
    });

    test('a stored error uses its key up: the next one is used', async () => {
      const order = reserved();
      const key = `charge-${order.orderId}`;
      gateway.answer = (call, nth) => {
        if (call.key !== key) return approve(call, nth);
        gateway.made.set(key, {
          id: 'ch_failed',
          reference: order.orderId,
          amount: call.body.amount,
          currency: 'EUR',
          status: 'failed',
        });
        return { status: 500, body: { code: 'internal_error', message: 'stored' } };
      };
      await service.deliver(newDelivery(inventoryReserved, order));
      await announcedSoon(paymentProcessed, order.orderId);
      expect(gateway.of(order.orderId).map((call) => call.key)).toEqual([key, `${key}-2`]);
    });

    test('a charge that was given back before this database was restored is REFUNDED', async () => {
      const order = reserved();
      gateway.answer = () => ({
        status: 200,
        body: { id: 'ch_before', status: 'succeeded', refundId: 're_before' },
      });
      await service.deliver(newDelivery(inventoryReserved, order));
      await announced(paymentRefunded, order.orderId);
      expect(await status(order.orderId)).toMatchObject({ status: 'REFUNDED', refundId: 're_before' });
    });

    test('a refund that is refused since it was made under another key is adopted', async () => {
      const order = reserved();
      await service.deliver(newDelivery(inventoryReserved, order));
      await announced(paymentProcessed, order.orderId);
      gateway.answer = () => ({
        status: 422,
        body: { code: 'already_refunded', message: 'The charge was given back before.' },
      });
      gateway.refunded.set(`ch_charge-${order.orderId}`, 're_other');
      await service.deliver(
        newDelivery(orderFulfilmentFailed, {
          ...fixtureEvent(orderFulfilmentFailed).data,
          orderId: order.orderId,
        }),
      );
      await announced(paymentRefunded, order.orderId);
      expect(await status(order.orderId)).toMatchObject({ status: 'REFUNDED', refundId: 're_other' });
    });
  });

  describe('a charge that fails by itself', () => {
    const POISON = 'tok_poison';
    const poisoned = () => ({ ...reserved(), paymentToken: POISON });

    beforeEach(() => {
      gateway.answer = (call, nth) =>
        call.body.source === POISON
          ? { status: 500, body: { code: 'internal_error', message: 'for this one only' } }
          : approve(call, nth);
    });

    /** What fails by itself is told from a gateway in trouble by the others that succeed meanwhile. */
    const parkedMeanwhile = async (...orderIds: string[]) => {
      const parking = new AbortController();
      const charging = (async () => {
        while (!parking.signal.aborted) {
          await service.deliver(newDelivery(inventoryReserved, reserved()));
          await Promise.all(orderIds.map(hurry));
          await sleep(200);
        }
      })();
      try {
        return await Promise.all(orderIds.map((orderId) => announced(chargeRequested, orderId)));
      } finally {
        parking.abort();
        await charging;
      }
    };
    const parked = async () => {
      const order = poisoned();
      await service.deliver(newDelivery(inventoryReserved, order));
      const [[letter] = []] = await parkedMeanwhile(order.orderId);
      return { ...order, letter: letter as OutgoingMessage };
    };
    const redriven = (letter: OutgoingMessage, change: object) =>
      newDelivery(chargeRequested, { ...JSON.parse(letter.body.toString()), ...change });

    test('is parked as the golden charge.requested, and holds up nobody', async () => {
      const orders = Array.from({ length: 12 }, () => poisoned());
      await service.deliver(...orders.map((order) => newDelivery(inventoryReserved, order)));
      const good = reserved();
      await service.deliver(newDelivery(inventoryReserved, good));
      await announced(paymentProcessed, good.orderId);
      const letters = await parkedMeanwhile(...orders.map(({ orderId }) => orderId));
      expect(letters).toHaveLength(orders.length);
      const orderId = orders[0]?.orderId as string;
      const letter = letters[0]?.[0] as OutgoingMessage;
      expect(letter.destination.name).toBe('orders.payment.dlt');
      const { original } = redrivenFrom(letter, ORDERS);
      expect(JSON.parse(original.body.toString())).toMatchObject({ orderId, paymentToken: POISON });
      expect((await status(orderId)).status).toBe('PENDING');
    });

    test('is charged when it is redriven with another token, under a key of its own', async () => {
      const { orderId, letter } = await parked();
      await service.deliver(redriven(letter, { paymentToken: 'tok_approve' }));
      await announced(paymentProcessed, orderId);
      const keys = gateway.of(orderId).map(({ key }) => key);
      expect(keys.at(-1)).toMatch(new RegExp(`^charge-${orderId}-[0-9a-f]{8}$`));
    });

    test('given up, it ends: what was charged after all is refunded', async () => {
      const { orderId, letter } = await parked();
      gateway.make(gateway.of(orderId)[0] as Call);
      await service.deliver(redriven(letter, { decision: 'give-up' }));
      await announcedSoon(paymentFailed, orderId);
      await announcedSoon(paymentRefunded, orderId);
      expect(await status(orderId)).toMatchObject({ status: 'REFUNDED' });
    });

    test('given up, with nothing charged, it is FAILED', async () => {
      const { orderId, letter } = await parked();
      await service.deliver(redriven(letter, { decision: 'give-up' }));
      await announcedSoon(paymentFailed, orderId);
      expect(await status(orderId)).toMatchObject({ status: 'FAILED', failure: { code: 'not_charged' } });
    });

    test('whose order is cancelled is looked up, and never waits for an operator', async () => {
      const { orderId } = await parked();
      await service.deliver(
        newDelivery(orderCancellationConfirmed, {
          ...fixtureEvent(orderCancellationConfirmed).data,
          orderId,
        }),
      );
      await announcedSoon(paymentCancelled, orderId);
      expect(await status(orderId)).toMatchObject({ status: 'FAILED' });
    });

    test('a late postpone does not wake what is parked', async () => {
      const { orderId } = await parked();
      const [{ id, attempts }] = await service.dataSource.query(
        'SELECT id, attempts FROM payment WHERE order_id = $1',
        [orderId],
      );
      const late = { delayMs: 0, error: new Error('late'), itemFailures: 1 };
      const payments = service.app.get(PaymentRepository);
      const { manager } = service.dataSource;
      for (const attempt of [attempts, attempts - 1])
        expect(await payments.postpone(manager, { id, attempts: attempt }, late)).toBeUndefined();
    });
  });

  test('a refund that an operator has made by hand is REFUNDED', async () => {
    const order = reserved();
    await service.deliver(newDelivery(inventoryReserved, order));
    await announced(paymentProcessed, order.orderId);
    gateway.answer = () => ({ status: 422, body: { code: 'account_closed', message: 'closed' } });
    const { orderId } = order;
    await service.deliver(
      newDelivery(orderFulfilmentFailed, { ...fixtureEvent(orderFulfilmentFailed).data, orderId }),
    );
    const [letter] = (await announced(refundRequested, orderId)) as [OutgoingMessage];
    await service.deliver(
      newDelivery(refundRequested, { ...JSON.parse(letter.body.toString()), decision: 'give-up' }),
    );
    await announced(paymentRefunded, orderId);
    expect(await status(orderId)).toMatchObject({ status: 'REFUNDED', refundId: 'by-hand' });
  });

  describe('an order that is rejected after it was paid by hand', () => {
    const byHand = (orderId: string, paymentToken = 'tok_approve') => ({
      orderId,
      userId: fixtureEvent(inventoryReserved).data.userId,
      amount: 500,
      currency: 'EUR',
      paymentToken,
    });
    const outOfStock = (orderId: string) =>
      newDelivery(inventoryOutOfStock, { ...fixtureEvent(inventoryOutOfStock).data, orderId });
    const rejected = (orderId: string) =>
      newDelivery(orderRejected, { ...fixtureEvent(orderRejected).data, orderId });

    test.each([
      ['by inventory', outOfStock],
      ['by order', rejected],
    ])('%s, gets its money back, once', async (_, deliveryOf) => {
      const orderId = uuid();
      await http().post('/payment').send(byHand(orderId)).expect(201);
      await service.deliver(deliveryOf(orderId), outOfStock(orderId), rejected(orderId));
      await announced(paymentRefunded, orderId);
      expect(await status(orderId)).toMatchObject({ status: 'REFUNDED' });
      expect(gateway.of(orderId, '/v1/refunds')).toHaveLength(1);
    });

    test('while the charge is at the gateway, gets its money back', async () => {
      const orderId = uuid();
      const asked = signal();
      gateway.answer = (call, nth) => {
        if (call.path !== '/v1/charges') return approve(call, nth);
        gateway.make(call);
        asked.give();
        return 'silence';
      };
      const answer = http().post('/payment').send(byHand(orderId));
      const responded = answer.then(({ status: code }) => code);
      await asked.given;
      await service.deliver(outOfStock(orderId));
      await announcedSoon(paymentRefunded, orderId);
      expect(await responded).toBe(409);
    });

    test('cannot be paid any more', async () => {
      const orderId = uuid();
      await service.deliver(outOfStock(orderId));
      const { body } = await http().post('/payment').send(byHand(orderId)).expect(409);
      expect(body.detail).toContain('Place a new order');
      expect(gateway.of(orderId)).toEqual([]);
    });
  });

  describe('POST /payment', () => {
    const manual = (orderId = uuid()) => ({
      orderId,
      userId: fixtureEvent(inventoryReserved).data.userId,
      amount: 500,
      currency: 'EUR',
      paymentToken: 'tok_approve',
    });

    test('charges once, however often it is sent', async () => {
      const body = manual();
      const first = await http().post('/payment').send(body).expect(201);
      expect(first.body).toMatchObject({ status: 'SUCCEEDED', amount: 500 });
      expect(first.headers['location']).toBe(`/payment/status/${body.orderId}`);
      const second = await http().post('/payment').send(body).expect(200);
      expect(second.body).toEqual(first.body);
      expect(gateway.of(body.orderId)).toHaveLength(1);
    });

    test('another amount for the same order is refused', async () => {
      const body = manual();
      await http().post('/payment').send(body).expect(201);
      await http()
        .post('/payment')
        .send({ ...body, amount: 1 })
        .expect(409);
      expect(gateway.of(body.orderId)).toHaveLength(1);
    });

    test('an order that comes later takes the payment over and is not charged again', async () => {
      const body = manual();
      await http().post('/payment').send(body).expect(201);
      await service.deliver(newDelivery(inventoryReserved, reserved(body.orderId)));
      const [message] = await announced(paymentProcessed, body.orderId);
      expect(JSON.parse((message as { body: Buffer }).body.toString())).toMatchObject({
        orderId: body.orderId,
        shipTo: fixtureEvent(inventoryReserved).data.shipTo,
      });
      expect(gateway.of(body.orderId)).toHaveLength(1);
    });

    test('an order of another amount than was paid by hand is rejected', async () => {
      const body = { ...manual(), amount: 1 };
      await http().post('/payment').send(body).expect(201);
      const [outcome] = await service.deliver(newDelivery(inventoryReserved, reserved(body.orderId)));
      expect(outcome?.status).toBe('rejected');
    });

    test.each<[string, object]>([
      ['no order', { orderId: undefined }],
      ['nothing to pay', { amount: 0 }],
      ['a negative amount', { amount: -5 }],
      ['a control character in the token', { paymentToken: 'tok\u0001' }],
      ['half a character in the token', { paymentToken: 'tok\ud800' }],
      ['a currency that is none', { currency: 'euro' }],
      ['an unknown field', { colour: 'red' }],
    ])('refuses %s', async (_, change) => {
      const body = manual();
      const response = await http()
        .post('/payment')
        .send({ ...body, ...change })
        .expect(400);
      expect(response.headers['content-type']).toMatch(/problem\+json/);
      await http().get(`/payment/status/${body.orderId}`).expect(404);
    });
  });
});
