import { setTimeout as sleep } from 'node:timers/promises';
import {
  deadLetterDiscarded,
  deadLetterRaised,
  deadLetterRedriven,
  fixtureEvent,
  inventoryOrderStateRequested,
  inventoryOutOfStock,
  inventoryReleased,
  inventoryReserved,
  orderCancellationConfirmed,
  orderCancellationRefused,
  orderCancelled,
  orderCancelling,
  orderCreated,
  orderDelivered,
  orderFulfilmentFailed,
  orderPaid,
  orderPaymentFailed,
  orderRefunded,
  orderRejected,
  orderReserved,
  orderShipped,
  orderStateReported,
  paymentCancelled,
  paymentFailed,
  paymentOrderStateRequested,
  paymentProcessed,
  paymentRefunded,
  shipmentCreated,
  shipmentDelivered,
  shipmentCancelled,
  shipmentFailed,
  shipmentNotCancelled,
  shipmentVoided,
  shippingOrderStateRequested,
  type DataOf,
  type EventContract,
} from '@orderbridge/contracts';
import { KafkaPublisher } from '@orderbridge/kafka';
import { loadConfig } from '@orderbridge/service';
import request from 'supertest';
import type { DataSource, EntityManager } from 'typeorm';
import { v7 as uuid } from 'uuid';
import { expectGolden } from '../../../test/service/golden.js';
import {
  newDelivery,
  startServiceUnderTest,
  type ServiceUnderTest,
} from '../../../test/service/service-under-test.js';
import { createTestDatabase } from '../../../test/postgres/test-database.js';
import { ORDER_CONFIG, orderEnvironment, type OrderConfig } from './order-environment.js';
import { PriceList } from './price-list/price-list.js';
import { ProductEntity } from './price-list/product.entity.js';
import { OrderModule } from './order.module.js';
import { WaitingOrderRepository } from './storage/waiting-order.repository.js';
import { WatchDeadlines } from './watch-deadlines/watch-deadlines.js';

const USER = '11111111-1111-1111-1111-111111111111';
const LAMP = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa';
const TABLE = 'bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb';
const VALID = { userId: USER, amount: 500, items: { [LAMP]: 2, [TABLE]: 1 } };
const SHIP_TO = {
  name: 'Ada Example',
  street: '1 Market Street',
  postalCode: '10115',
  city: 'Berlin',
  country: 'DE',
};

describe('order service', () => {
  let service: ServiceUnderTest;

  beforeAll(async () => {
    const config = loadConfig(orderEnvironment, {
      DATABASE_URL: await createTestDatabase(),
      KAFKA_BROKERS: 'nowhere:1',
      SEED_FILE: 'deploy/demo/products.json',
      DEFAULT_SHIP_TO: JSON.stringify(SHIP_TO),
      DEFAULT_PAYMENT_TOKEN: 'tok_approve',
    });
    service = await startServiceUnderTest(OrderModule.forRoot(config), { kafka: KafkaPublisher });
  });

  afterAll(() => service.close());

  const http = () => request(service.app.getHttpServer());
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    http()
      .post('/orders')
      .set('content-type', 'application/json')
      .set(headers)
      .send(typeof body === 'string' ? body : JSON.stringify(body));
  const place = async (body: unknown = VALID): Promise<string> => {
    const response = await post(body).expect(201);
    return response.body.orderId as string;
  };
  const countOrders = async () =>
    Number((await service.dataSource.query('SELECT count(*) FROM orders'))[0].count);
  const ofType = (contract: EventContract, orderId: string) =>
    service.kafka.messages.filter(
      ({ key, headers }) => key === orderId && headers['ce_type'] === contract.type,
    );
  const published = async (contract: EventContract, orderId: string) => {
    for (let count = 0; ofType(contract, orderId).length === 0; count++)
      await service.kafka.until(contract, count);
    return ofType(contract, orderId);
  };

  describe('POST /orders', () => {
    test('places an order, at the prices of the list', async () => {
      const response = await post(VALID).expect(201);
      expect(response.headers['location']).toBe(`/orders/${response.body.orderId}`);
      expect(response.body).toMatchObject({
        userId: USER,
        status: 'PLACED',
        totalAmount: 500,
        currency: 'EUR',
        items: VALID.items,
        lines: [
          { productId: LAMP, name: 'Walnut desk lamp', quantity: 2, unitPrice: 150 },
          { productId: TABLE, name: 'Oak side table', quantity: 1, unitPrice: 200 },
        ],
        shipTo: SHIP_TO,
      });
    });

    test('sends the golden order.created', async () => {
      const orderId = await place();
      const [message] = await published(orderCreated, orderId);
      expectGolden(orderCreated, message, { orderId });
    });

    test('hands on the correlation id and the trace', async () => {
      const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      const response = await post(VALID, { traceparent, 'x-correlation-id': 'shop-42' }).expect(201);
      expect(response.headers['x-correlation-id']).toBe('shop-42');
      const [message] = await published(orderCreated, response.body.orderId);
      expect(message?.headers).toMatchObject({ traceparent, ce_correlationid: 'shop-42' });
    });

    test('takes a list of items, too, and answers at /place-order', async () => {
      const items = [
        { productId: LAMP.toUpperCase(), quantity: 2 },
        { productId: TABLE, quantity: 1 },
      ];
      const response = await http().post('/place-order').send({ userId: USER, items }).expect(201);
      expect(response.body).toMatchObject({ totalAmount: 500, items: VALID.items });
    });

    const tooMany = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, n) => [
        `00000000-0000-4000-9000-${n.toString().padStart(12, '0')}`,
        1,
      ]),
    );

    test.each<[string, unknown, number, string | undefined]>([
      ['a wrong type', { ...VALID, userId: 5 }, 400, '/userId'],
      ['no user', { items: VALID.items }, 400, '/userId'],
      ['an unknown field', { ...VALID, colour: 'red' }, 400, '/colour'],
      ['a negative quantity', { ...VALID, items: { [LAMP]: -1 } }, 400, `/items/${LAMP}`],
      ['a fraction', { ...VALID, items: { [LAMP]: 1.5 } }, 400, `/items/${LAMP}`],
      ['a huge quantity', { ...VALID, items: { [LAMP]: 1e9 } }, 400, `/items/${LAMP}`],
      [
        'a quantity as text',
        { ...VALID, items: [{ productId: LAMP, quantity: '2' }] },
        400,
        '/items/0/quantity',
      ],
      ['no items in the map', { ...VALID, items: {} }, 400, '/items'],
      ['no items in the list', { ...VALID, items: [] }, 400, '/items'],
      ['1,000 items', { userId: USER, items: tooMany }, 400, '/items'],
      [
        'a product twice',
        { userId: USER, items: [1, 2].map(() => ({ productId: LAMP, quantity: 1 })) },
        400,
        '/items',
      ],
      [
        'a product in two spellings',
        { userId: USER, items: { [LAMP]: 1, [LAMP.toUpperCase()]: 2 } },
        400,
        '/items',
      ],
      ['a product id that is none', { userId: USER, items: { lamp: 1 } }, 400, '/items/lamp'],
      ['an unknown product', { userId: USER, items: { [USER]: 1 } }, 422, `/items/${USER}`],
      ['a wrong amount', { ...VALID, amount: 499 }, 409, '/amount'],
      ['a wrong totalAmount', { ...VALID, totalAmount: 500.01 }, 409, '/totalAmount'],
      ['an amount with three decimals', { ...VALID, amount: 500.001 }, 400, '/amount'],
      [
        'a country that is none',
        { ...VALID, shipTo: { ...SHIP_TO, country: 'Germany' } },
        400,
        '/shipTo/country',
      ],
      ...(['name', 'street', 'postalCode', 'city'] as const).flatMap((field) =>
        ['\0', '\u0008', '\u000b', '\u001f', '\ufffe', '\uffff', '\ud800', '\udfff'].map(
          (character): [string, object, number, string] => [
            `${JSON.stringify(character)} in the ${field}`,
            { ...VALID, shipTo: { ...SHIP_TO, [field]: `A${character}` } },
            400,
            `/shipTo/${field}`,
          ],
        ),
      ),
      ['a control character in the token', { ...VALID, paymentToken: 'tok\u0007' }, 400, '/paymentToken'],
      ['null', 'null', 400, undefined],
      ['malformed JSON', '{"userId": ', 400, undefined],
      ['a body of 1 MB', { ...VALID, note: 'x'.repeat(1_000_000) }, 413, undefined],
    ])('refuses %s and stores nothing', async (_, body, status, pointer) => {
      const before = await countOrders();
      const response = await post(body);
      expect(response.status).toBe(status);
      expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(response.body).toMatchObject({ status, title: expect.any(String), detail: expect.any(String) });
      if (pointer) expect(response.body.errors[0].pointer).toBe(pointer);
      expect(await countOrders()).toBe(before);
    });

    test('names the right amount when the given one is wrong', async () => {
      const response = await post({ ...VALID, amount: 1 }).expect(409);
      expect(response.body).toMatchObject({ totalAmount: 500, currency: 'EUR' });
    });

    test.each([1, 10])('%i orders whose commit got no answer are placed, once', async (orders) => {
      const { dataSource } = service;
      const transaction = dataSource.transaction.bind(dataSource);
      let lost = false;
      dataSource.transaction = (async (work: (manager: EntityManager) => Promise<unknown>) => {
        const stored = await countOrders();
        const result = await transaction(work);
        if (lost || (await countOrders()) - stored < Math.min(orders, 2)) return result;
        lost = true;
        throw new Error('Connection terminated unexpectedly');
      }) as DataSource['transaction'];
      const before = await countOrders();
      const orderIds = await Promise.all(Array.from({ length: orders }, () => place()));
      dataSource.transaction = transaction;
      expect(lost).toBe(true);
      expect(await countOrders()).toBe(before + orderIds.length);
      for (const orderId of orderIds) expect(await published(orderCreated, orderId)).toHaveLength(1);
    });

    test('refuses another media type', async () => {
      const response = await http().post('/orders').set('content-type', 'text/csv').send('a,b');
      expect(response.status).toBe(415);
      expect(response.headers['content-type']).toMatch(/problem\+json/);
    });
  });

  describe('Idempotency-Key', () => {
    const key = () => ({ 'idempotency-key': `key-${Math.random()}` });

    test('the same key and body get the same response, and one order', async () => {
      const headers = key();
      const first = await post(VALID, headers).expect(201);
      const before = await countOrders();
      const second = await post(VALID, headers).expect(201);
      expect(second.body).toEqual(first.body);
      expect(second.headers['location']).toBe(first.headers['location']);
      expect(await countOrders()).toBe(before);
    });

    test('stays the same response when the order has moved on', async () => {
      const headers = key();
      const first = await post(VALID, headers).expect(201);
      await service.deliver(newDelivery(inventoryReserved, reservedOf(first.body.orderId)));
      expect((await post(VALID, headers).expect(201)).body).toEqual(first.body);
    });

    test('the same key with another body is refused', async () => {
      const headers = key();
      await post(VALID, headers).expect(201);
      const before = await countOrders();
      const response = await post({ userId: USER, items: { [LAMP]: 1 } }, headers).expect(422);
      expect(response.body.title).toBe('Idempotency-Key reused');
      expect(await countOrders()).toBe(before);
    });

    test('a request that is refused does not use the key up', async () => {
      const headers = key();
      await post({ ...VALID, amount: 1 }, headers).expect(409);
      await post(VALID, headers).expect(201);
    });

    test('many requests at the same time place one order; others are told to wait or get its response', async () => {
      const headers = key();
      const before = await countOrders();
      const responses = await Promise.all(Array.from({ length: 10 }, () => post(VALID, headers)));
      expect(await countOrders()).toBe(before + 1);
      const statuses = new Set(responses.map(({ status }) => status));
      expect(statuses.has(201)).toBe(true);
      expect([...statuses].every((status) => status === 201 || status === 409)).toBe(true);
      const ids = new Set(responses.filter(({ status }) => status === 201).map(({ body }) => body.orderId));
      expect(ids.size).toBe(1);
    });

    test('one bad key does not spoil the orders that arrive with it', async () => {
      const headers = key();
      await post(VALID, headers).expect(201);
      const responses = await Promise.all([
        ...Array.from({ length: 5 }, () => post(VALID)),
        post({ userId: USER, items: { [LAMP]: 1 } }, headers),
        ...Array.from({ length: 5 }, () => post(VALID)),
      ]);
      expect(responses.filter(({ status }) => status === 201)).toHaveLength(10);
      expect(responses[5]?.status).toBe(422);
    });

    describe('given a placed order that cannot be placed as things are now, its retry gets the same response', () => {
      const expectSame = async (body: object, headers: Record<string, string>, first: unknown) => {
        const before = await countOrders();
        expect((await post(body, headers).expect(201)).body).toEqual(first);
        expect(await countOrders()).toBe(before);
        const other = await post({ ...body, userId: uuid() }, headers).expect(422);
        expect(other.body.title).toBe('Idempotency-Key reused');
        expect(other.body.detail).not.toContain('Nothing was stored');
      };
      const sell = async (price: number) => {
        const id = uuid();
        await service.dataSource.query(
          `INSERT INTO product (id, name, unit_price, currency) VALUES ($1, 'x', $2, 'EUR')`,
          [id, price],
        );
        return id;
      };
      const forgetPrices = () => {
        const fresh = new PriceList(service.dataSource.getRepository(ProductEntity));
        service.app.get(PriceList).find = (ids) => fresh.find(ids);
      };
      /** With other defaults for what a request leaves out. */
      const withDefaults = async (changed: object, work: () => Promise<void>) => {
        const config = service.app.get<OrderConfig>(ORDER_CONFIG);
        const before = { ...config };
        Object.assign(config, changed);
        await work().finally(() => Object.assign(config, before));
      };

      test.each(['amount', 'totalAmount'])('its price has changed (%s)', async (name) => {
        const id = await sell(1_000);
        const [body, headers] = [{ userId: USER, items: { [id]: 1 }, [name]: 10 }, key()];
        const first = await post(body, headers).expect(201);
        await service.dataSource.query('UPDATE product SET unit_price = 2000 WHERE id = $1', [id]);
        forgetPrices();
        await post(body, key()).expect(409);
        await expectSame(body, headers, first.body);
      });

      test('its product was delisted', async () => {
        const id = await sell(1_000);
        const [body, headers] = [{ userId: USER, items: { [id]: 1 } }, key()];
        const first = await post(body, headers).expect(201);
        await service.dataSource.query('DELETE FROM product WHERE id = $1', [id]);
        forgetPrices();
        await post(body, key()).expect(422);
        await expectSame(body, headers, first.body);
      });

      test.each<[string, object]>([
        ['changed', { DEFAULT_PAYMENT_TOKEN: 'tok_other', DEFAULT_SHIP_TO: { ...SHIP_TO, city: 'Bonn' } }],
        ['gone', { DEFAULT_PAYMENT_TOKEN: undefined, DEFAULT_SHIP_TO: undefined }],
      ])('the defaults are %s', async (_, changed) => {
        const headers = key();
        const first = await post(VALID, headers).expect(201);
        await withDefaults(changed, () => expectSame(VALID, headers, first.body));
      });

      test.each([{}, { shipTo: { ...SHIP_TO, city: 'Bonn' }, paymentToken: 'tok_mine' }])(
        'an older version has stored it, and defaults have changed (%j)',
        async (given) => {
          const [body, headers] = [{ ...VALID, ...given }, key()];
          const first = await post(body, headers).expect(201);
          await service.dataSource.query('UPDATE idempotency_key SET body_hash = NULL WHERE key = $1', [
            headers['idempotency-key'],
          ]);
          await withDefaults({ DEFAULT_PAYMENT_TOKEN: 'tok_other' }, () =>
            expectSame(body, headers, first.body),
          );
        },
      );
    });

    test('a key that is none is refused', async () => {
      await post(VALID, { 'idempotency-key': 'x'.repeat(256) }).expect(400);
    });
  });

  describe('GET', () => {
    test('an unknown order is 404, an id that is none 400', async () => {
      await http().get('/orders/99999999-9999-4999-8999-999999999999').expect(404);
      await http().get('/orders/99999999-9999-4999-8999-999999999999/timeline').expect(404);
      const response = await http().get('/orders/42').expect(400);
      expect(response.headers['content-type']).toMatch(/problem\+json/);
      await http()
        .get('/nothing')
        .expect(404)
        .expect('content-type', /problem\+json/);
    });

    test("pages through a user's orders, newest first", async () => {
      const userId = '22222222-2222-2222-2222-222222222222';
      const placed: string[] = [];
      for (let n = 0; n < 5; n++) placed.push(await place({ userId, items: { [LAMP]: 1 } }));
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const { body } = await http()
          .get(`/orders/user/${userId}`)
          .query({ limit: 2, ...(cursor && { cursor }) })
          .expect(200);
        seen.push(...body.orders.map(({ orderId }: { orderId: string }) => orderId));
        cursor = body.nextCursor;
      } while (cursor);
      expect(seen).toEqual(placed.toReversed());
    });

    test('a user without orders has an empty page; a wrong limit is refused', async () => {
      const { body } = await http().get('/orders/user/33333333-3333-3333-3333-333333333333').expect(200);
      expect(body).toEqual({ orders: [] });
      await http().get(`/orders/user/${USER}?limit=1000`).expect(400);
    });
  });

  describe('fulfilment', () => {
    const status = async (orderId: string) => (await http().get(`/orders/${orderId}`).expect(200)).body;
    const timeline = async (
      orderId: string,
    ): Promise<{ position: number; cause: string; status: string; messageId: string; detail?: string }[]> =>
      (await http().get(`/orders/${orderId}/timeline`).expect(200)).body.entries;

    test('an order is reserved, paid and shipped; each change is announced and in the timeline', async () => {
      const orderId = await place();
      const deliveries = [
        newDelivery(inventoryReserved, reservedOf(orderId)),
        newDelivery(paymentProcessed, { ...fixtureEvent(paymentProcessed).data, orderId }),
        newDelivery(shipmentCreated, { ...fixtureEvent(shipmentCreated).data, orderId }),
      ];
      await service.deliver(...deliveries);
      expect(await status(orderId)).toMatchObject({
        status: 'SHIPPED',
        invoiceNumber: 'INV-2026-000001',
        trackingNumber: 'MP0000000001DE',
      });
      const entries = await timeline(orderId);
      expect(entries.map(({ position, cause, status: after }) => [position, cause, after])).toEqual([
        [1, 'order.created', 'PLACED'],
        [2, 'inventory.reserved', 'RESERVED'],
        [3, 'payment.processed', 'PAID'],
        [4, 'shipment.created', 'SHIPPED'],
      ]);
      expect(entries.slice(1).map(({ messageId }) => messageId)).toEqual(
        deliveries.map(({ headers }) => headers['ce_id']),
      );
      for (const contract of [orderReserved, orderPaid, orderShipped]) {
        const [message] = await published(contract, orderId);
        expectGolden(contract, message, { orderId });
      }
    });

    describe('PUT /orders/{id}/cancel', () => {
      const cancel = (orderId: string) => http().put(`/orders/${orderId}/cancel`);
      const later = (contract: EventContract, orderId: string) =>
        newDelivery(contract, { ...(fixtureEvent(contract).data as object), orderId });

      test('an order is CANCELLED when its stock, charge and label are undone, whatever comes between', async () => {
        const orderId = await place();
        await service.deliver(
          newDelivery(inventoryReserved, reservedOf(orderId)),
          later(paymentProcessed, orderId),
        );
        const { body } = await cancel(orderId).expect(200);
        expect(body).toMatchObject({ orderId, status: 'CANCELLING', reason: 'Cancelled by the customer.' });
        const [message] = await published(orderCancelling, orderId);
        expectGolden(orderCancelling, message, { orderId });

        await service.deliver(later(shipmentCreated, orderId));
        expect(ofType(orderCancellationConfirmed, orderId)).toEqual([]);
        await service.deliver(later(shipmentVoided, orderId));
        const [confirmed] = await published(orderCancellationConfirmed, orderId);
        expectGolden(orderCancellationConfirmed, confirmed, { orderId, reason: body.reason });
        await service.deliver(later(inventoryReleased, orderId));
        expect((await status(orderId)).status).toBe('CANCELLING');
        await service.deliver(later(paymentRefunded, orderId));
        expect(await status(orderId)).toMatchObject({ status: 'CANCELLED', reason: body.reason });
        const [done] = await published(orderCancelled, orderId);
        expectGolden(orderCancelled, done, { orderId });
        expect((await timeline(orderId)).slice(3).map(({ cause, status: to }) => [cause, to])).toEqual([
          ['order.cancelling', 'CANCELLING'],
          ['shipment.created', 'CANCELLING'],
          ['shipment.voided', 'CANCELLING'],
          ['inventory.released', 'CANCELLING'],
          ['payment.refunded', 'CANCELLED'],
        ]);
      });

      test.each([
        ['SHIPPED', undefined, 'Not cancelled: The carrier has it on the road.'],
        ['DELIVERED', '2026-05-01T10:00:00.000Z', 'Not cancelled: The carrier has it on the road.'],
      ])(
        'when it is too late, the order is %s and the customer is told why',
        async (to, deliveredAt, reason) => {
          const orderId = await place();
          await service.deliver(later(paymentProcessed, orderId));
          await cancel(orderId).expect(200);
          const refusal = { ...fixtureEvent(shipmentNotCancelled).data, orderId };
          delete refusal.deliveredAt;
          await service.deliver(
            newDelivery(shipmentNotCancelled, {
              ...refusal,
              reason: 'The carrier has it on the road.',
              ...(deliveredAt && { deliveredAt }),
            }),
          );
          expect(await status(orderId)).toMatchObject({
            status: to,
            reason,
            trackingNumber: refusal.trackingNumber,
          });
          const [message] = await published(orderCancellationRefused, orderId);
          expectGolden(orderCancellationRefused, message, { orderId, status: to, reason });
          expect(ofType(orderCancellationConfirmed, orderId)).toEqual([]);
          await cancel(orderId).expect(409);
          await service.deliver(later(shipmentDelivered, orderId));
          expect((await status(orderId)).status).toBe('DELIVERED');
        },
      );

      test('a parcel that is delivered while the order is CANCELLING ends that', async () => {
        const orderId = await place();
        await cancel(orderId).expect(200);
        await service.deliver(later(shipmentDelivered, orderId));
        expect(await status(orderId)).toMatchObject({
          status: 'DELIVERED',
          reason: 'Not cancelled: the parcel was delivered before.',
        });
        await published(orderCancellationRefused, orderId);
      });

      test('an order whose cancellation was forgotten is cancelled when something of it is undone', async () => {
        const orderId = await place();
        await service.deliver(later(shipmentVoided, orderId));
        expect(await status(orderId)).toMatchObject({ status: 'CANCELLING' });
        await published(orderCancellationConfirmed, orderId);
        await service.deliver(later(paymentRefunded, orderId), later(inventoryReleased, orderId));
        expect((await status(orderId)).status).toBe('CANCELLED');
      });

      test('what fails meanwhile does not change why it ended', async () => {
        const orderId = await place();
        await cancel(orderId).expect(200);
        await service.deliver(later(inventoryOutOfStock, orderId), later(paymentCancelled, orderId));
        expect(await status(orderId)).toMatchObject({
          status: 'CANCELLING',
          reason: 'Cancelled by the customer.',
        });
      });

      test('cancelling twice, also at once, is cancelling once', async () => {
        const orderId = await place();
        const answers = await Promise.all(Array.from({ length: 5 }, () => cancel(orderId).expect(200)));
        expect(new Set(answers.map(({ body }) => body.status))).toEqual(new Set(['CANCELLING']));
        await cancel(orderId).expect(200);
        expect(await published(orderCancelling, orderId)).toHaveLength(1);
        expect(await timeline(orderId)).toHaveLength(2);
      });

      test.each<[string, EventContract]>([
        ['SHIPPED', shipmentCreated],
        ['REJECTED', inventoryOutOfStock],
        ['PAYMENT_FAILED', paymentFailed],
        ['FULFILMENT_FAILED', shipmentFailed],
      ])('an order that is %s cannot be cancelled: 409 with its status', async (expected, contract) => {
        const orderId = await place();
        await service.deliver(later(contract, orderId));
        const { body, headers } = await cancel(orderId).expect(409);
        expect(headers['content-type']).toMatch(/problem\+json/);
        expect(body).toMatchObject({ orderStatus: expected, detail: expect.stringContaining(expected) });
        expect((await status(orderId)).status).toBe(expected);
      });

      test('an unknown order is 404, an id that is none 400', async () => {
        await cancel('99999999-9999-4999-8999-999999999999').expect(404);
        await cancel('42').expect(400);
      });
    });

    describe('deadlines', () => {
      const later = (contract: EventContract, orderId: string) =>
        newDelivery(contract, { ...(fixtureEvent(contract).data as object), orderId });
      /** Lets time pass for an order, and its deadline be looked at. */
      const pass = async (orderId: string, minutes: number) => {
        const by = `interval '${minutes} minutes'`;
        await service.dataSource.query(
          `UPDATE order_timeline SET recorded_at = recorded_at - ${by} WHERE order_id = $1`,
          [orderId],
        );
        await service.dataSource.query(
          `UPDATE waiting_order SET look_at = look_at - ${by}, nudged_at = nudged_at - ${by} WHERE order_id = $1`,
          [orderId],
        );
        await service.app.get(WatchDeadlines).look();
      };
      const sent = async (contract: EventContract, orderId: string) =>
        (await published(contract, orderId)).length;

      test('an order that nobody answers is nudged once, then cancelled for TIMEOUT', async () => {
        const orderId = await place();
        await pass(orderId, 9);
        expect(await sent(orderCreated, orderId)).toBe(1);
        await pass(orderId, 2);
        const [first, again] = await until(() => published(orderCreated, orderId), 2);
        expect(again?.body).toEqual(first?.body);
        expect(again?.messageId).not.toBe(first?.messageId);
        expect(again?.headers['ce_correlationid']).toBe(first?.headers['ce_correlationid']);
        await pass(orderId, 9);
        expect((await status(orderId)).status).toBe('PLACED');
        await pass(orderId, 2);
        expect(await status(orderId)).toMatchObject({
          status: 'CANCELLING',
          reason: 'TIMEOUT: the order was PLACED for too long.',
        });
        expect(await sent(orderCreated, orderId)).toBe(2);
        await published(orderCancelling, orderId);
        expect((await timeline(orderId)).map(({ cause, status: to, detail }) => [cause, to, detail])).toEqual(
          [
            ['order.created', 'PLACED', undefined],
            ['order.created', 'PLACED', 'Sent again: nothing was heard for 600 s.'],
            ['order.cancelling', 'CANCELLING', 'TIMEOUT: the order was PLACED for too long.'],
          ],
        );
      });

      test('each status has a deadline of its own, from when the order came to it', async () => {
        const orderId = await place();
        await pass(orderId, 9);
        await service.deliver(newDelivery(inventoryReserved, reservedOf(orderId)));
        await pass(orderId, 29);
        expect(await sent(orderCreated, orderId)).toBe(1);
        await pass(orderId, 2);
        await until(() => published(orderCreated, orderId), 2);
        await service.deliver(later(paymentProcessed, orderId));
        await pass(orderId, 31);
        await until(() => published(orderCreated, orderId), 3);
        await service.deliver(later(shipmentCreated, orderId));
        await pass(orderId, 600);
        expect((await status(orderId)).status).toBe('SHIPPED');
        expect(await sent(orderCreated, orderId)).toBe(3);
      });

      test('what is being undone is asked for again until it is done', async () => {
        const cancelled = await place();
        await http().put(`/orders/${cancelled}/cancel`).expect(200);
        const failed = await place();
        await service.deliver(later(shipmentFailed, failed));
        for (const count of [2, 3]) {
          await pass(cancelled, 31);
          await pass(failed, 31);
          await until(() => published(orderCancelling, cancelled), count);
          await until(() => published(orderFulfilmentFailed, failed), count);
        }
        expect((await status(cancelled)).status).toBe('CANCELLING');
        expect((await status(failed)).status).toBe('FULFILMENT_FAILED');
        await service.deliver(later(shipmentCancelled, cancelled));
        await pass(cancelled, 31);
        await until(() => published(orderCancellationConfirmed, cancelled), 2);
        expect(ofType(orderCancelling, cancelled)).toHaveLength(3);
        await service.deliver(
          later(inventoryReleased, cancelled),
          later(paymentCancelled, cancelled),
          later(paymentRefunded, failed),
        );
        expect((await status(cancelled)).status).toBe('CANCELLED');
        expect((await status(failed)).status).toBe('REFUNDED');
      });

      test('one order that cannot be decided hurts only itself: it is counted and put behind', async () => {
        const [bad, good] = [await place(), await place()];
        await service.dataSource.query('DELETE FROM order_timeline WHERE order_id = $1', [bad]);
        const undecidable = async () =>
          Number(/^orders_undecided_total (\S+)$/m.exec((await http().get('/metrics')).text)?.[1]);
        const before = await undecidable();
        await service.dataSource.query(
          `UPDATE waiting_order SET look_at = look_at - interval '1 year' WHERE order_id = $1`,
          [bad],
        );
        await pass(good, 11);
        await until(() => published(orderCreated, good), 2);
        expect(await undecidable()).toBe(before + 1);
        const [row] = await service.dataSource.query(
          'SELECT failures, look_at > now() AS behind FROM waiting_order WHERE order_id = $1',
          [bad],
        );
        expect(row).toEqual({ failures: 1, behind: true });
        await service.dataSource.query('DELETE FROM waiting_order WHERE order_id = $1', [bad]);
      });

      test('an answer that comes while deadlines are looked at is taken into account', async () => {
        const orderId = await place();
        await service.dataSource.query(
          `UPDATE waiting_order SET look_at = now() - interval '1 second' WHERE order_id = $1`,
          [orderId],
        );
        const runner = service.dataSource.createQueryRunner();
        await runner.startTransaction();
        const waiting = service.app.get(WaitingOrderRepository);
        const due = await waiting.lockDue(runner.manager, 1, [orderId]);
        expect(due).toMatchObject([{ orderId }]);
        await runner.rollbackTransaction();
        await runner.release();
        await service.deliver(newDelivery(inventoryReserved, reservedOf(orderId)));
        const since = await waiting.since(service.dataSource.manager, [orderId]);
        const [entry] = (await http().get(`/orders/${orderId}/timeline`)).body.entries.slice(-1);
        expect(since.get(orderId)?.toISOString()).toBe(entry.recordedAt);
      });

      test('an order that waits for nothing is no longer looked at', async () => {
        const orderId = await place();
        await service.dataSource.query(`UPDATE orders SET status = 'DELIVERED' WHERE id = $1`, [orderId]);
        await pass(orderId, 11);
        expect(
          await service.dataSource.query('SELECT * FROM waiting_order WHERE order_id = $1', [orderId]),
        ).toEqual([]);
      });

      test('due orders are found by an index, however many there are', async () => {
        await service.dataSource.transaction(async (manager) => {
          await manager.query('SET LOCAL enable_seqscan = off');
          const plan = await manager.query(
            'EXPLAIN SELECT * FROM waiting_order WHERE look_at <= now() ORDER BY look_at LIMIT 100',
          );
          expect(JSON.stringify(plan)).toContain('waiting_order_due');
        });
      });

      test('no order is waited for any more once it has ended', async () => {
        const orderId = await place();
        await service.deliver(later(inventoryOutOfStock, orderId));
        expect(
          await service.dataSource.query('SELECT * FROM waiting_order WHERE order_id = $1', [orderId]),
        ).toEqual([]);
      });
    });

    test('a shipped order is delivered, and that is announced', async () => {
      const orderId = await place();
      const later = (contract: EventContract) =>
        newDelivery(contract, { ...(fixtureEvent(contract).data as object), orderId });
      await service.deliver(later(shipmentCreated), later(shipmentDelivered));
      expect((await status(orderId)).status).toBe('DELIVERED');
      const [message] = await published(orderDelivered, orderId);
      expectGolden(orderDelivered, message, { orderId });
    });

    test('what happens to dead letters about an order is in its timeline, and its status stays', async () => {
      const orderId = await place();
      const letter = { ...fixtureEvent(deadLetterRaised).data, orderId };
      const outcomes = await service.deliver(
        newDelivery(deadLetterRaised, letter),
        newDelivery(deadLetterRedriven, { ...fixtureEvent(deadLetterRedriven).data, orderId }),
        newDelivery(deadLetterDiscarded, { ...fixtureEvent(deadLetterDiscarded).data, orderId }),
        newDelivery(deadLetterRedriven, {
          ...{ ...fixtureEvent(deadLetterRedriven).data, orderId, type: 'charge.requested' },
          ...{ reason: 'The token is gone.', edited: false, decision: 'give-up' },
        }),
        // Of an order that there is not, and of none.
        newDelivery(deadLetterRaised, { ...letter, orderId: '99999999-9999-4999-8999-999999999999' }),
        newDelivery(deadLetterRaised, { ...letter, orderId: undefined }),
      );
      expect(outcomes.map((outcome) => outcome.status)).toEqual(Array(6).fill('settled'));
      expect(await timeline(orderId)).toMatchObject([
        { position: 1, cause: 'order.created', status: 'PLACED' },
        {
          position: 2,
          cause: 'dead-letter.raised',
          status: 'PLACED',
          detail: 'payment.processed in payments.shipping.dlt: The body is no JSON.',
        },
        {
          position: 3,
          cause: 'dead-letter.redriven',
          status: 'PLACED',
          detail: 'payment.processed in payments.shipping.dlt by ada, edited: The body is no JSON.',
        },
        { position: 4, cause: 'dead-letter.discarded', status: 'PLACED' },
        {
          position: 5,
          cause: 'dead-letter.redriven',
          detail: 'charge.requested in payments.shipping.dlt by ada, given up: The token is gone.',
        },
      ]);
    });

    test('an order that cannot be shipped is refunded, and its timeline tells how it was undone', async () => {
      const orderId = await place();
      const later = (contract: EventContract) =>
        newDelivery(contract, { ...(fixtureEvent(contract).data as object), orderId });
      await service.deliver(newDelivery(inventoryReserved, reservedOf(orderId)), later(paymentProcessed));
      await service.deliver(later(shipmentFailed));
      await service.deliver(later(inventoryReleased), later(paymentRefunded));
      const { reason } = fixtureEvent(shipmentFailed).data;
      expect(await status(orderId)).toMatchObject({ status: 'REFUNDED', reason });
      const entries = await timeline(orderId);
      expect(entries.slice(3).map(({ cause, status: after, detail }) => [cause, after, detail])).toEqual([
        ['shipment.failed', 'FULFILMENT_FAILED', reason],
        ['inventory.released', 'FULFILMENT_FAILED', undefined],
        ['payment.refunded', 'REFUNDED', `refund ${fixtureEvent(paymentRefunded).data.refundId}`],
      ]);
      const [message] = await published(orderRefunded, orderId);
      expectGolden(orderRefunded, message, { orderId, reason });
    });

    test.each<[string, EventContract, string, EventContract]>([
      ['out of stock', inventoryOutOfStock, 'REJECTED', orderRejected],
      ['declined', paymentFailed, 'PAYMENT_FAILED', orderPaymentFailed],
      ['undeliverable', shipmentFailed, 'FULFILMENT_FAILED', orderFulfilmentFailed],
    ])('an order that is %s ends with the reason', async (_, contract, expected, announcement) => {
      const orderId = await place();
      if (contract !== inventoryOutOfStock)
        await service.deliver(newDelivery(inventoryReserved, reservedOf(orderId)));
      if (contract === shipmentFailed) {
        await service.deliver(
          newDelivery(paymentProcessed, { ...fixtureEvent(paymentProcessed).data, orderId }),
        );
      }
      await service.deliver(newDelivery(contract, { ...(fixtureEvent(contract).data as object), orderId }));
      const order = await status(orderId);
      expect(order.status).toBe(expected);
      const [message] = await published(announcement, orderId);
      expectGolden(announcement, message, { orderId });
      expect(order.reason).toBe(JSON.parse((message as { body: Buffer }).body.toString()).reason);
    });

    test('takes events that come in any order, or twice', async () => {
      const orderId = await place();
      const reserved = newDelivery(inventoryReserved, reservedOf(orderId));
      const shipped = newDelivery(shipmentCreated, { ...fixtureEvent(shipmentCreated).data, orderId });
      const paid = newDelivery(paymentProcessed, { ...fixtureEvent(paymentProcessed).data, orderId });
      await service.deliver(shipped, shipped);
      await service.deliver(reserved, paid, shipped, reserved);
      expect(await status(orderId)).toMatchObject({ status: 'SHIPPED', invoiceNumber: 'INV-2026-000001' });
      expect(await timeline(orderId)).toHaveLength(4);
      expect(await published(orderShipped, orderId)).toHaveLength(1);
    });

    test('an event that contradicts the order, or of an unknown order, is rejected and changes nothing', async () => {
      const orderId = await place();
      await service.deliver(
        newDelivery(inventoryOutOfStock, { ...fixtureEvent(inventoryOutOfStock).data, orderId }),
      );
      const shipped = { ...fixtureEvent(shipmentCreated).data, orderId };
      const unknown = { ...shipped, orderId: '99999999-9999-4999-8999-999999999999' };
      const outcomes = await service.deliver(
        newDelivery(shipmentCreated, shipped),
        newDelivery(shipmentCreated, unknown),
      );
      expect(outcomes.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected']);
      expect((await status(orderId)).status).toBe('REJECTED');
    });

    test('an order that was paid by hand and turns out of stock notes how that is undone', async () => {
      const orderId = await place();
      const outcomes = await service.deliver(
        newDelivery(inventoryOutOfStock, { ...fixtureEvent(inventoryOutOfStock).data, orderId }),
        newDelivery(paymentProcessed, { ...fixtureEvent(paymentProcessed).data, orderId }),
        newDelivery(paymentRefunded, { ...fixtureEvent(paymentRefunded).data, orderId }),
      );
      expect(outcomes.map((outcome) => outcome.status)).toEqual(Array(3).fill('settled'));
      expect((await timeline(orderId)).map(({ cause, status: to }) => [cause, to])).toEqual([
        ['order.created', 'PLACED'],
        ['inventory.out-of-stock', 'REJECTED'],
        ['payment.processed', 'REJECTED'],
        ['payment.refunded', 'REJECTED'],
      ]);
    });

    test('many orders of one batch each get their own', async () => {
      const ids = await Promise.all(Array.from({ length: 40 }, () => place()));
      await service.deliver(...ids.map((orderId) => newDelivery(inventoryReserved, reservedOf(orderId))));
      const statuses = await Promise.all(ids.map((orderId) => status(orderId)));
      expect(statuses.every(({ status: after }) => after === 'RESERVED')).toBe(true);
    });
  });

  describe('reconciliation', () => {
    const requests = [
      inventoryOrderStateRequested,
      paymentOrderStateRequested,
      shippingOrderStateRequested,
    ] as readonly EventContract<{ orderId: string; reason: string }>[];
    const reportOf = async (orderId: string) => {
      const [message] = await published(orderStateReported, orderId);
      return JSON.parse((message as { body: Buffer }).body.toString()).order;
    };

    test.each(requests)('$type is answered with all there is to say of the order', async (contract) => {
      const orderId = await place();
      await service.deliver(
        newDelivery(inventoryReserved, reservedOf(orderId)),
        newDelivery(paymentProcessed, { ...fixtureEvent(paymentProcessed).data, orderId }),
      );
      await service.deliver(newDelivery(contract, { orderId, reason: 'It is unknown.' }));
      const [message] = await published(orderStateReported, orderId);
      const order = (await http().get(`/orders/${orderId}`)).body;
      expectGolden(orderStateReported, message, {
        orderId,
        order: {
          ...fixtureEvent(orderStateReported).data.order,
          createdAt: order.createdAt,
          invoiceNumber: order.invoiceNumber,
        },
      });
    });

    test.each(requests)('$type of an order that does not exist is answered with that', async (contract) => {
      const orderId = uuid();
      await service.deliver(newDelivery(contract, { orderId, reason: 'It is unknown.' }));
      expect(await reportOf(orderId)).toBeNull();
    });

    test('what shipping has said of the parcel of an order that does not exist is passed on', async () => {
      const orderId = uuid();
      await service.deliver(
        newDelivery(shippingOrderStateRequested, {
          orderId,
          reason: 'Its shipment is VOIDED.',
          parcel: 'none',
        }),
        newDelivery(paymentOrderStateRequested, { orderId, reason: 'Does the order exist?' }),
      );
      const [message] = await published(orderStateReported, orderId);
      expect(JSON.parse((message as { body: Buffer }).body.toString())).toEqual({
        orderId,
        order: null,
        parcel: 'none',
      });
    });

    test('reports what of a cancelled order is not undone yet', async () => {
      const orderId = await place();
      await http().put(`/orders/${orderId}/cancel`).expect(200);
      await service.deliver(
        newDelivery(shipmentCancelled, { ...fixtureEvent(shipmentCancelled).data, orderId }),
        newDelivery(inventoryOrderStateRequested, { orderId, reason: 'It waits.' }),
      );
      expect(await reportOf(orderId)).toMatchObject({ status: 'CANCELLING', awaiting: ['stock', 'payment'] });
    });

    test('POST /reconcile reports the state of each order, those of 90 days or all', async () => {
      const [orderId, old] = [await place(), '01000000-0000-7000-8000-000000000001'];
      await service.dataSource.query(`UPDATE orders SET id = $2 WHERE id = $1`, [await place(), old]);
      const reconcile = async (body?: object) => {
        await (body ? http().post('/reconcile').send(body) : http().post('/reconcile')).expect(202);
        const [report] = await until(async () => {
          const { body: now } = await http().get('/reconcile').expect(200);
          return now.status === 'finished' ? [now] : [];
        }, 1);
        return report.counts.reported;
      };
      const recent = await reconcile();
      await published(orderStateReported, orderId);
      expect(ofType(orderStateReported, old)).toEqual([]);
      expect(await reconcile({ all: true })).toBe(recent + 1);
      await published(orderStateReported, old);
      await http().post('/reconcile').send({ every: true }).expect(400);
    });
  });

  test('metrics tell how many orders wait, in which status and since when', async () => {
    const gauge = async (name: string, of: string): Promise<number> => {
      const { text } = await http().get('/metrics').expect(200);
      return Number(new RegExp(`^${name}\\{status="${of}"\\} (\\S+)$`, 'm').exec(text)?.[1]);
    };
    const waiting = async () => [
      await gauge('orders_unfinished', 'PLACED'),
      await gauge('orders_unfinished', 'RESERVED'),
    ];
    const [placed = 0, held = 0] = await waiting();
    const orderId = await place();
    expect(await waiting()).toEqual([placed + 1, held]);
    await service.dataSource.query(`UPDATE orders SET created_at = now() - interval '1 year' WHERE id = $1`, [
      orderId,
    ]);
    expect(await gauge('orders_unfinished_oldest_seconds', 'PLACED')).toBeGreaterThan(86_400 * 364);
    await service.deliver(newDelivery(inventoryReserved, reservedOf(orderId)));
    expect(await waiting()).toEqual([placed, held + 1]);
    expect(await gauge('orders_unfinished_oldest_seconds', 'PLACED')).toBeLessThan(86_400);
    const failed = { ...fixtureEvent(paymentFailed).data, orderId };
    await service.deliver(newDelivery(paymentFailed, failed));
    expect(await waiting()).toEqual([placed, held]);
  });

  test('serves health, metrics and its API document', async () => {
    await http().get('/health/live').expect(200);
    const { text } = await http().get('/metrics').expect(200);
    expect(text).toContain('http_server_request_duration_seconds_bucket');
    const { body } = await http().get('/docs-json').expect(200);
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining(['/orders', '/place-order', '/orders/{orderId}', '/orders/{orderId}/timeline']),
    );
    expect(body.components.schemas.PlaceOrder.required).toEqual(['userId', 'items']);
    await http().get('/docs').expect(200).expect('content-type', /html/);
  });
});

/** Looks until there are so many. */
async function until<Item>(look: () => Promise<Item[]>, count: number): Promise<Item[]> {
  for (;;) {
    const found = await look();
    if (found.length >= count) return found;
    await sleep(10);
  }
}

function reservedOf(orderId: string): DataOf<typeof inventoryReserved> {
  return { ...fixtureEvent(inventoryReserved).data, orderId };
}
