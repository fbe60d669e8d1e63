import { setTimeout as sleep } from 'node:timers/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import {
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
} from '@orderbridge/contracts';
import { KafkaPublisher } from '@orderbridge/kafka';
import type { OutgoingMessage } from '@orderbridge/messaging';
import { IbmMqPublisher } from '@orderbridge/messaging-ibm-mq';
import { until } from '@orderbridge/running-stack';
import { loadConfig, Readiness } from '@orderbridge/service';
import request from 'supertest';
import { v7 as uuid } from 'uuid';
import { expectGolden } from '../../../test/service/golden.js';
import { createTestDatabase } from '../../../test/postgres/test-database.js';
import {
  newDelivery,
  redrivenFrom,
  startServiceUnderTest,
  type ServiceUnderTest,
} from '../../../test/service/service-under-test.js';
import { paymentEnvironment } from './payment-environment.js';
import { PaymentModule } from './payment.module.js';

interface Call {
  readonly path: string;
  readonly key: string;
  readonly body: { amount: number; currency?: string; source?: string; charge?: string; reference: string };
}

/** Something that one side waits for and the other gives. */
function signal(): { readonly given: Promise<void>; give: () => void } {
  let give!: () => void;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give };
}

/** The gateway as the test wants it. */
class Gateway {
  readonly calls: Call[] = [];
  answer: (call: Call, nth: number) => { status: number; body: unknown } | 'silence' = ({ key }) => ({
    status: 201,
    body: { id: `ch_${key}`, status: 'succeeded' },
  });
  readonly #server: Server = createServer((message, response) => void this.#handle(message, response));

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Calls about an order: charges, unless asked for refunds. */
  of(orderId: string, path = '/v1/charges'): Call[] {
    return this.calls.filter((call) => call.body.reference === orderId && call.path === path);
  }

  async #handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const call: Call = {
      path: message.url as string,
      key: message.headers['idempotency-key'] as string,
      body: JSON.parse(Buffer.concat(chunks).toString()),
    };
    this.calls.push(call);
    const answer = this.answer(call, this.of(call.body.reference, call.path).length);
    if (answer === 'silence') return;
    response
      .writeHead(answer.status, { 'content-type': 'application/json' })
      .end(JSON.stringify(answer.body));
  }
}

describe('payment service', () => {
  const gateway = new Gateway();
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
        key: payment.paymentId,
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

  test.each<[string, { status: number; body: unknown } | 'silence']>([
    ['answers 500', { status: 500, body: { code: 'internal_error', message: 'sorry' } }],
    ['answers 429', { status: 429, body: {} }],
    ['does not answer', 'silence'],
    ['answers what is no charge', { status: 201, body: { nonsense: true } }],
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
          key: `refund-${payment.paymentId}`,
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

    test.each<[string, { status: number; body: unknown } | 'silence']>([
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
      const [first, second, ...others] = gateway.of(order.orderId);
      expect(others).toEqual([]);
      expect(second?.key).toBe(first?.key);
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
    expect(shown?.()).toEqual({ state: 'open' });
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
