import { setTimeout as sleep } from 'node:timers/promises';
import {
  fixtureEvent,
  inventoryReserved,
  ORDERS,
  orderStateReported,
  paymentFailed,
  paymentOrderStateRequested,
  paymentPostponed,
  paymentProcessed,
  paymentRefunded,
  type EventContract,
} from '@orderbridge/contracts';
import { KafkaPublisher } from '@orderbridge/kafka';
import { IbmMqPublisher } from '@orderbridge/messaging-ibm-mq';
import { Reconciliation } from '@orderbridge/reconciliation';
import { until } from '@orderbridge/running-stack';
import { loadConfig } from '@orderbridge/service';
import request from 'supertest';
import { v7 as uuid } from 'uuid';
import { createTestDatabase } from '../../../../test/postgres/test-database.js';
import { FakeGateway, type Call } from '../../../../test/service/fake-gateway.js';
import {
  newDelivery,
  redrivenFrom,
  startServiceUnderTest,
  type ServiceUnderTest,
} from '../../../../test/service/service-under-test.js';
import { paymentEnvironment } from '../payment-environment.js';
import { PaymentModule } from '../payment.module.js';

const TERMS = { amount: 50_000, currency: 'EUR' };

describe('reconciliation of payments', () => {
  const gateway = new FakeGateway();
  let service: ServiceUnderTest;

  beforeAll(async () => {
    const config = loadConfig(paymentEnvironment, {
      DATABASE_URL: await createTestDatabase(),
      KAFKA_BROKERS: 'nowhere:1',
      IBM_MQ_QUEUE_MANAGER: 'QM1',
      IBM_MQ_CONNECTION_NAME: 'nowhere(1)',
      PAYMENT_GATEWAY_URL: await gateway.start(),
      PAYMENT_GATEWAY_TIMEOUT_MS: '1000',
      RECONCILE_INTERVAL_SECONDS: '0',
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
  beforeEach(async () => {
    await service.dataSource.query('TRUNCATE payment, invoice, stray_charge');
    gateway.made.clear();
    gateway.refunded.clear();
    gateway.pageSize = 200;
    gateway.answer = ({ path, key, body }) => {
      if (path === '/v1/charges') return { status: 201, body: { id: `ch_${key}`, status: 'succeeded' } };
      const charge = body.charge as string;
      if (gateway.refunded.has(charge))
        return { status: 422, body: { code: 'already_refunded', message: 'Given back before.' } };
      gateway.refunded.set(charge, `re_${charge}`);
      return { status: 201, body: { id: `re_${charge}` } };
    };
  });

  const http = () => request(service.app.getHttpServer());
  const statusOf = async (orderId: string) => (await http().get(`/payment/status/${orderId}`)).body;
  const reaches = (orderId: string, status: string) =>
    until(
      () => statusOf(orderId),
      (payment) => payment.status === status,
    );
  const published = (contract: Pick<EventContract, 'type'>, orderId: string) =>
    service.kafka.messages.filter(
      ({ key, headers }) => key === orderId && headers['ce_type'] === contract.type,
    );
  const hears = async (contract: Pick<EventContract, 'type'>, orderId: string, count = 1) => {
    while (published(contract, orderId).length < count) await sleep(10);
    return published(contract, orderId);
  };
  const deadLetters = (orderId: string) =>
    service.kafka.messages.filter(({ key, headers }) => key === orderId && 'dlt_reason' in headers);
  const parked = async (orderId: string) => {
    while (deadLetters(orderId).length === 0) await sleep(10);
    return deadLetters(orderId)[0]!;
  };
  const charged = (orderId: string, key = `charge-${orderId}`, refundId?: string): string => {
    const id = `ch_${key}`;
    gateway.made.set(key, {
      id,
      reference: orderId,
      ...TERMS,
      status: 'succeeded',
      ...(refundId && { refundId }),
    });
    if (refundId) gateway.refunded.set(id, refundId);
    return id;
  };
  const report = (orderId: string, status: string | undefined, more: object = {}) => {
    const { data } = fixtureEvent(orderStateReported);
    if (!data.order) throw new Error('The fixture has no order.');
    const order = { ...data.order, totalAmount: 500, status, awaiting: [], ...more };
    return newDelivery(orderStateReported, {
      orderId,
      order: status === undefined ? null : (order as never),
    });
  };
  /** That an order does not exist, and what shipping has said of its parcel. */
  const unknown = (orderId: string, parcel?: 'none' | 'left') =>
    newDelivery(orderStateReported, { orderId, order: null, ...(parcel && { parcel }) });
  const finished = () =>
    until(
      async () => (await http().get('/reconcile').expect(200)).body,
      ({ status }) => status === 'finished',
    );
  const reconcile = async (all = false) => {
    await http().post('/reconcile').send({ all }).expect(202);
    return finished();
  };
  const counts = async () => (await http().get('/reconcile').expect(200)).body.counts;
  const pay = async (orderId = uuid()) => {
    await service.deliver(
      newDelivery(inventoryReserved, { ...fixtureEvent(inventoryReserved).data, orderId }),
    );
    await reaches(orderId, 'SUCCEEDED');
    return orderId;
  };
  const refundsOf = (orderId: string): Call[] => gateway.of(orderId, '/v1/refunds');

  test('a charge of a payment that was forgotten is adopted, with the invoice that the order knows', async () => {
    const orderId = uuid();
    charged(orderId);
    const { counts: found } = await reconcile();
    expect(found).toMatchObject({ checked: 1, unmatched: 1, requested: 1 });
    await hears(paymentOrderStateRequested, orderId);
    await service.deliver(report(orderId, 'PAID', { invoiceNumber: 'INV-2026-00004711' }));
    const [message] = await hears(paymentProcessed, orderId);
    expect(JSON.parse(message!.body.toString())).toMatchObject({ invoiceNumber: 'INV-2026-00004711' });
    expect(await statusOf(orderId)).toMatchObject({ status: 'SUCCEEDED', chargeId: `ch_charge-${orderId}` });
    expect(gateway.of(orderId)).toEqual([]);
    expect(await counts()).toMatchObject({ adopted: 1 });
    // A number that another order knows is not given out again.
    expect((await statusOf(await pay())).invoice.number).toMatch(/^INV-\d{4}-0000471[2-9]$/);
  });

  test('a charge under a key of an earlier version is adopted, and refunded like any other', async () => {
    const orderId = uuid();
    const chargeId = charged(orderId, uuid());
    await service.deliver(report(orderId, 'SHIPPED'));
    expect(await reaches(orderId, 'SUCCEEDED')).toMatchObject({ chargeId });
    await service.deliver(report(orderId, 'REFUNDED'));
    await reaches(orderId, 'REFUNDED');
    expect(refundsOf(orderId).map(({ body }) => body.charge)).toEqual([chargeId]);
    expect(gateway.of(orderId)).toEqual([]);
  });

  test('a payment of an earlier version, charged under its own id, matches', async () => {
    const orderId = await pay();
    await service.dataSource.query('UPDATE payment SET charge_key = NULL WHERE order_id = $1', [orderId]);
    expect((await reconcile()).counts).toMatchObject({ checked: 1 });
    expect((await counts()).requested).toBeUndefined();
    await service.deliver(report(orderId, 'CANCELLED'));
    await reaches(orderId, 'REFUNDED');
  });

  test.each(['PAID', 'SHIPPED', 'DELIVERED'])(
    'an order that is %s and of which the gateway has no charge is not charged: a person decides',
    async (status) => {
      const orderId = uuid();
      await reconcile();
      await service.deliver(report(orderId, status));
      const letter = await parked(orderId);
      expect(letter.headers['dlt_reason']).toContain('no charge');
      expect(gateway.of(orderId)).toEqual([]);
      expect(await counts()).toMatchObject({ parked: 1 });
      await service.deliver(redrivenFrom(letter, ORDERS).delivery);
      await reaches(orderId, 'SUCCEEDED');
      expect(gateway.of(orderId)).toHaveLength(1);
    },
  );

  test('an order that waits for its payment is charged, once it is known that it was not', async () => {
    const [unpaid, paid] = [uuid(), uuid()];
    charged(paid);
    await service.deliver(report(unpaid, 'RESERVED'), report(paid, 'RESERVED'));
    await hears(paymentProcessed, unpaid);
    await hears(paymentProcessed, paid);
    expect([gateway.of(unpaid).length, gateway.of(paid).length]).toEqual([1, 0]);
  });

  test('charges of an order that does not exist are refunded, whatever they are, and nobody hears of it', async () => {
    const orderId = uuid();
    const chargeIds = [charged(orderId), charged(orderId, 'other')];
    expect((await reconcile()).counts).toMatchObject({ checked: 2, unmatched: 2, requested: 1 });
    await service.deliver(unknown(orderId, 'none'));
    while (gateway.refunded.size < 2) await sleep(10);
    expect(
      refundsOf(orderId)
        .map(({ body }) => `${body.charge} ${body.amount}`)
        .toSorted(),
    ).toEqual(chargeIds.map((id) => `${id} 50000`).toSorted());
    expect(await counts()).toMatchObject({ refunded: 2 });
    expect(published(paymentRefunded, orderId)).toEqual([]);
    expect((await reconcile()).counts).toEqual({ checked: 4 });
  });

  test('the payment of an order that does not exist is refunded in a run over everything', async () => {
    const orderId = await pay();
    expect((await reconcile()).counts).toEqual({ checked: 1 });
    expect((await reconcile(true)).counts).toMatchObject({ requested: 1 });
    await service.deliver(unknown(orderId, 'none'));
    await reaches(orderId, 'REFUNDED');
    expect(refundsOf(orderId)).toHaveLength(1);
    expect(published(paymentRefunded, orderId)).toEqual([]);
  });

  test('money of an order that does not exist stays until it is known whether its parcel has left', async () => {
    const [known, forgotten] = [await pay(), uuid()];
    charged(forgotten);
    await reconcile(true);
    await service.deliver(unknown(known), unknown(forgotten));
    expect((await statusOf(known)).status).toBe('SUCCEEDED');
    await service.deliver(unknown(known, 'left'), unknown(forgotten, 'left'));
    expect((await parked(forgotten)).headers['dlt_reason']).toContain(`ch_charge-${forgotten}`);
    expect((await statusOf(known)).status).toBe('SUCCEEDED');
    await service.deliver(unknown(known, 'none'));
    await reaches(known, 'REFUNDED');
    expect([refundsOf(known).length, refundsOf(forgotten).length]).toEqual([1, 0]);
  });

  test('what was paid by hand before its order came is not touched', async () => {
    const orderId = uuid();
    const terms = { amount: 500, currency: 'EUR', paymentToken: 'tok_approve' };
    await http()
      .post('/payment')
      .send({ orderId, userId: uuid(), ...terms })
      .expect(201);
    await service.deliver(unknown(orderId, 'none'));
    expect((await statusOf(orderId)).status).toBe('SUCCEEDED');
    expect(refundsOf(orderId)).toEqual([]);
  });

  test.each(['PLACED', 'RESERVED', 'PAID', 'SHIPPED', 'DELIVERED', 'CANCELLING'])(
    'the charge of an order that is %s is not touched',
    async (status) => {
      const orderId = await pay();
      await service.deliver(report(orderId, status, { awaiting: ['stock', 'payment', 'shipment'] }));
      expect(await statusOf(orderId)).toMatchObject({ status: 'SUCCEEDED' });
      expect([gateway.of(orderId).length, refundsOf(orderId).length]).toEqual([1, 0]);
      if (status === 'RESERVED') await hears(paymentProcessed, orderId, 2);
    },
  );

  test.each(['REJECTED', 'PAYMENT_FAILED', 'FULFILMENT_FAILED', 'REFUNDED', 'CANCELLED'])(
    'what is charged of an order that is %s is refunded, whether its payment is known or not',
    async (status) => {
      const [known, forgotten] = [await pay(), uuid()];
      charged(forgotten);
      await service.deliver(report(known, status), report(forgotten, status));
      for (const orderId of [known, forgotten]) {
        await reaches(orderId, 'REFUNDED');
        await hears(paymentRefunded, orderId);
        expect(refundsOf(orderId)).toHaveLength(1);
      }
    },
  );

  test('a charge of a payment that was closed is refunded when its order is over, adopted when it is paid', async () => {
    const [over, paid] = [await pay(), await pay()];
    await service.dataSource.query(
      `UPDATE payment SET status = 'UNPAID', charge_id = NULL, cancelled = true`,
    );
    expect((await reconcile()).counts).toMatchObject({ unmatched: 2, requested: 2 });
    await service.deliver(report(over, 'CANCELLED'), report(paid, 'SHIPPED'));
    await reaches(paid, 'SUCCEEDED');
    while (gateway.refunded.size === 0) await sleep(10);
    expect(refundsOf(over)).toHaveLength(1);
    expect([refundsOf(paid).length, gateway.of(paid).length]).toEqual([0, 1]);
    expect((await statusOf(over)).status).toBe('UNPAID');
  });

  test('a refund that was forgotten is adopted, and the order hears of it', async () => {
    const orderId = await pay();
    const chargeId = `ch_charge-${orderId}`;
    gateway.refunded.set(chargeId, 're_1');
    expect((await reconcile()).counts).toMatchObject({ requested: expect.any(Number) });
    await service.deliver(report(orderId, 'PAID'));
    const [message] = await hears(paymentRefunded, orderId);
    expect(JSON.parse(message!.body.toString())).toMatchObject({ refundId: 're_1' });
    expect((await statusOf(orderId)).status).toBe('REFUNDED');
    expect(refundsOf(orderId)).toEqual([]);
    expect(await counts()).toMatchObject({ adopted: 1 });
    expect(deadLetters(orderId)).toEqual([]);
  });

  test('nobody hears of attempts to refund what belongs to no order', async () => {
    const orderId = await pay();
    const { answer } = gateway;
    gateway.answer = (call, nth) =>
      call.path === '/v1/refunds' && nth === 1
        ? { status: 500, body: { code: 'error', message: 'Down.' } }
        : answer(call, nth);
    await service.deliver(unknown(orderId, 'none'));
    await reaches(orderId, 'REFUNDED');
    expect(refundsOf(orderId)).toHaveLength(2);
    expect([...published(paymentPostponed, orderId), ...published(paymentRefunded, orderId)]).toEqual([]);
  });

  test('a part of a charge that was given back at the gateway is no refund of it', async () => {
    const orderId = await pay();
    const part = { id: 're_part', charge: `ch_charge-${orderId}`, reference: orderId, amount: 1_000 };
    gateway.lookupAnswer = (url) =>
      url.startsWith('/v1/refunds')
        ? { status: 200, body: { refunds: [part], nextCursor: null } }
        : undefined;
    expect((await reconcile()).counts).toEqual({ checked: 2 });
    gateway.lookupAnswer = undefined;
    expect((await statusOf(orderId)).status).toBe('SUCCEEDED');
  });

  test('a refund of an order whose parcel has left is adopted, and a person decides, once', async () => {
    const orderId = await pay();
    gateway.refunded.set(`ch_charge-${orderId}`, 're_1');
    await reconcile();
    await service.deliver(report(orderId, 'SHIPPED'));
    expect((await parked(orderId)).headers['dlt_reason']).toContain(`ch_charge-${orderId}`);
    expect(await counts()).toMatchObject({ parked: 1 });
    expect((await reconcile()).counts).toEqual({ checked: 2 });
    expect(deadLetters(orderId)).toHaveLength(1);
  });

  test('a charge that was forgotten and given back makes the payment REFUNDED', async () => {
    const orderId = uuid();
    charged(orderId, undefined, 're_2');
    await reconcile();
    await service.deliver(report(orderId, 'PAID'));
    await hears(paymentRefunded, orderId);
    expect((await statusOf(orderId)).status).toBe('REFUNDED');
    expect(published(paymentProcessed, orderId)).toEqual([]);
  });

  test('a second charge of an order is refunded; the one that is ours stays', async () => {
    const orderId = await pay();
    const second = charged(orderId, 'second');
    expect((await reconcile()).counts).toMatchObject({ unmatched: 1, requested: 1 });
    await service.deliver(report(orderId, 'SHIPPED'));
    while (gateway.refunded.size === 0) await sleep(10);
    expect(refundsOf(orderId).map(({ body }) => body.charge)).toEqual([second]);
    expect((await statusOf(orderId)).status).toBe('SUCCEEDED');
  });

  test('a second charge is for a person to decide where the order goes on and its own was given back', async () => {
    const orderId = await pay();
    await service.dataSource.query(`UPDATE payment SET status = 'REFUNDED', refund_id = 're_3'`);
    gateway.refunded.set(`ch_charge-${orderId}`, 're_3');
    charged(orderId, 'second');
    await reconcile();
    await service.deliver(report(orderId, 'SHIPPED'));
    await parked(orderId);
    expect(refundsOf(orderId)).toEqual([]);
  });

  test('a charge whose payment says refunded, but is not, is refunded when the order is over', async () => {
    const orderId = await pay();
    await service.dataSource.query(
      `UPDATE payment SET status = 'REFUNDED', refund_id = 're_lost', updated_at = now() - interval '1 hour'`,
    );
    await reconcile();
    await service.deliver(report(orderId, 'CANCELLED'));
    while (gateway.refunded.size === 0) await sleep(10);
    expect(refundsOf(orderId)).toHaveLength(1);
  });

  test('a refund of an unknown charge that the gateway refuses is parked, and redriven', async () => {
    const orderId = uuid();
    charged(orderId);
    const answer = gateway.answer;
    gateway.answer = () => ({
      status: 422,
      body: { code: 'account_closed', message: 'The account is closed.' },
    });
    await reconcile();
    await service.deliver(unknown(orderId, 'none'));
    const letter = await parked(orderId);
    gateway.answer = answer;
    await service.deliver(redrivenFrom(letter, ORDERS).delivery);
    while (gateway.refunded.size === 0) await sleep(10);
    expect(published(paymentFailed, orderId)).toEqual([]);
  });

  test('pages are compared once each, and a run goes on where another process has left it', async () => {
    gateway.pageSize = 2;
    const orderIds = Array.from({ length: 5 }, () => uuid());
    for (const orderId of orderIds) charged(orderId);
    gateway.lookups.length = 0;
    let failures = 0;
    gateway.lookupAnswer = (url) =>
      url.includes('after=2') && failures++ < 1
        ? { status: 500, body: { code: 'internal_error', message: 'sorry' } }
        : undefined;
    const run = await reconcile(true);
    gateway.lookupAnswer = undefined;
    expect(failures).toBeGreaterThan(1);
    expect(run.counts).toMatchObject({ checked: 5, unmatched: 5, requested: 5 });
    const firstPages = gateway.lookups.filter(
      (url) => url.startsWith('/v1/charges') && !url.includes('after='),
    );
    expect(firstPages).toHaveLength(1);
    for (const orderId of orderIds) expect(published(paymentOrderStateRequested, orderId)).toHaveLength(1);
    expect(await service.app.get(Reconciliation).step()).toBe(false);
  });

  test('charges of other merchants, whose references are no orders, are left alone', async () => {
    charged('invoice-7');
    expect((await reconcile(true)).counts).toEqual({ checked: 1, foreign: 1 });
  });
});
