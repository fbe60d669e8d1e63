import { setTimeout as sleep } from 'node:timers/promises';
import {
  fixtureEvent,
  inventoryOrderStateRequested,
  inventoryOutOfStock,
  inventoryReleased,
  inventoryReserved,
  orderCancellationConfirmed,
  orderCancellationRefused,
  orderCancelling,
  orderDelivered,
  orderCreated,
  orderFulfilmentFailed,
  orderPaymentFailed,
  orderShipped,
  orderStateReported,
  type DataOf,
  type EventContract,
} from '@orderbridge/contracts';
import { KafkaPublisher } from '@orderbridge/kafka';
import { IbmMqPublisher } from '@orderbridge/messaging-ibm-mq';
import { loadConfig } from '@orderbridge/service';
import request from 'supertest';
import { v7 as uuid } from 'uuid';
import { expectGolden } from '../../../test/service/golden.js';
import { createTestDatabase } from '../../../test/postgres/test-database.js';
import {
  newDelivery,
  startServiceUnderTest,
  type ServiceUnderTest,
} from '../../../test/service/service-under-test.js';
import { inventoryEnvironment } from './inventory-environment.js';
import { CheckReservations } from './reconcile-stock/check-reservations.js';
import { InventoryModule } from './inventory.module.js';

const LAMP = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa';
const TABLE = 'bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb';
const ARMCHAIR = 'cccccccc-cccc-cccc-cccc-cccccccccccc';

describe('inventory service', () => {
  let databaseUrl: string;
  let service: ServiceUnderTest;

  const start = async () =>
    startServiceUnderTest(
      InventoryModule.forRoot(
        loadConfig(inventoryEnvironment, {
          DATABASE_URL: databaseUrl,
          KAFKA_BROKERS: 'nowhere:1',
          IBM_MQ_QUEUE_MANAGER: 'QM1',
          IBM_MQ_CONNECTION_NAME: 'nowhere(1)',
          SEED_FILE: 'deploy/demo/products.json',
        }),
      ),
      { kafka: KafkaPublisher, mq: IbmMqPublisher },
    );

  beforeAll(async () => {
    databaseUrl = await createTestDatabase();
    service = await start();
  });

  afterAll(() => service.close());

  const http = () => request(service.app.getHttpServer());
  const stockOf = async (productId: string) => (await http().get(`/inventory/${productId}`).expect(200)).body;
  const setStock = (productId: string, quantity: number) =>
    http().put(`/inventory/${productId}/update`).send({ quantity });
  const cancelling = (orderId: string) =>
    newDelivery(orderCancelling, { ...fixtureEvent(orderCancelling).data, orderId });
  const confirmed = (orderId: string) =>
    newDelivery(orderCancellationConfirmed, { ...fixtureEvent(orderCancellationConfirmed).data, orderId });
  const order = (quantities: Record<string, number>, orderId = uuid()): DataOf<typeof orderCreated> => ({
    ...fixtureEvent(orderCreated).data,
    orderId,
    items: quantities,
    lines: Object.entries(quantities).map(([productId, quantity]) => ({
      productId,
      name: 'x',
      quantity,
      unitPrice: 1,
    })),
  });

  describe('reservation', () => {
    test('reserves all lines and tells payment and order the golden inventory.reserved', async () => {
      const before = [await stockOf(LAMP), await stockOf(TABLE)];
      const { data } = fixtureEvent(orderCreated);
      await service.deliver(newDelivery(orderCreated, data));
      expect((await stockOf(LAMP)).reserved).toBe(before[0].reserved + 2);
      expect((await stockOf(TABLE)).reserved).toBe(before[1].reserved + 1);
      const [toOrder] = await service.kafka.until(inventoryReserved, 1);
      const [toPayment] = await service.mq.until(inventoryReserved, 1);
      expectGolden(inventoryReserved, toOrder);
      expectGolden(inventoryReserved, toPayment);
      expect(toPayment?.destination).toEqual({ broker: 'ibm-mq', name: 'INVENTORY.EVENTS' });
      expect(toPayment?.messageId).toBe(toOrder?.messageId);
    });

    test('reserves nothing when one line lacks, and says what', async () => {
      await setStock(TABLE, (await stockOf(TABLE)).reserved).expect(200);
      const before = await stockOf(LAMP);
      const { data } = fixtureEvent(orderCreated);
      const orderId = uuid();
      await service.deliver(newDelivery(orderCreated, { ...data, orderId }));
      expect(await stockOf(LAMP)).toMatchObject({ reserved: before.reserved, available: before.available });
      const [message] = await service.mq.until(inventoryOutOfStock, 1);
      expectGolden(inventoryOutOfStock, message, { orderId });
      await setStock(TABLE, 1_000_000).expect(200);
    });

    test.each([
      ['reserved', 3, inventoryReserved],
      ['out of stock', 1_000_000_000, inventoryOutOfStock],
    ])('of an order that is sent anew, it is told again that it is %s', async (_, quantity, contract) => {
      const data = order({ [LAMP]: quantity });
      const before = await stockOf(LAMP);
      await service.deliver(newDelivery(orderCreated, data), newDelivery(orderCreated, data));
      const { reserved } = await stockOf(LAMP);
      expect(reserved).toBe(before.reserved + (contract === inventoryReserved ? quantity : 0));
      await service.deliver(newDelivery(orderCreated, data));
      const told = () =>
        service.mq.messages.filter(
          ({ key, headers }) => key === data.orderId && headers['ce_type'] === contract.type,
        );
      while (told().length < 3) await sleep(10);
      expect(new Set(told().map(({ body }) => body.toString())).size).toBe(1);
      expect(new Set(told().map(({ messageId }) => messageId)).size).toBe(3);
      expect(await stockOf(LAMP)).toMatchObject({ reserved });
    });

    test('an order that is heard of only after it was cancelled gets nothing', async () => {
      const data = order({ [LAMP]: 2 });
      const before = await stockOf(LAMP);
      await service.deliver(cancelling(data.orderId), newDelivery(orderCreated, data));
      expect(await stockOf(LAMP)).toMatchObject({ reserved: before.reserved });
      await service.deliver(confirmed(data.orderId));
      const told = () => service.kafka.messages.filter(({ key }) => key === data.orderId);
      while (told().length === 0) await sleep(10);
      expect(told().map(({ headers }) => headers['ce_type'])).toEqual([inventoryReleased.type]);
    });

    test('reserves once, however often the order is delivered', async () => {
      const delivery = newDelivery(orderCreated, order({ [LAMP]: 3 }));
      const before = await stockOf(LAMP);
      await service.deliver(delivery, delivery);
      await service.deliver(delivery);
      expect((await stockOf(LAMP)).reserved).toBe(before.reserved + 3);
    });

    test('one hot product, many orders in batches of two replicas: sold out to the last piece, never below', async () => {
      const other = await start();
      try {
        const { reserved } = await stockOf(ARMCHAIR);
        await setStock(ARMCHAIR, reserved + 100).expect(200);
        const deliveries = Array.from({ length: 150 }, () =>
          newDelivery(orderCreated, order({ [ARMCHAIR]: 1, [LAMP]: 1 })),
        );
        const batches: Promise<unknown>[] = [];
        for (let at = 0; at < deliveries.length; at += 15) {
          const replica = at % 2 === 0 ? service : other;
          batches.push(replica.deliver(...deliveries.slice(at, at + 15)));
        }
        await Promise.all(batches);
        expect(await stockOf(ARMCHAIR)).toMatchObject({ available: 0, reserved: reserved + 100 });
        const keys = new Set(deliveries.map(({ key }) => key));
        const decided = () =>
          [...service.kafka.messages, ...other.kafka.messages].filter(({ key }) => keys.has(key));
        while (decided().length < 150) await sleep(10);
        const count = (type: string) => decided().filter(({ headers }) => headers['ce_type'] === type).length;
        expect([count('inventory.reserved'), count('inventory.out-of-stock')]).toEqual([100, 50]);
      } finally {
        await other.close();
      }
    });

    test('batches that want the same products in opposite orders do not block each other for good', async () => {
      const other = await start();
      try {
        const before = (await stockOf(LAMP)).reserved;
        await Promise.all(
          Array.from({ length: 20 }, (_, n) =>
            (n % 2 ? service : other).deliver(
              newDelivery(
                orderCreated,
                n % 2 ? order({ [LAMP]: 1, [TABLE]: 1 }) : order({ [TABLE]: 1, [LAMP]: 1 }),
              ),
            ),
          ),
        );
        expect((await stockOf(LAMP)).reserved).toBe(before + 20);
      } finally {
        await other.close();
      }
    });

    test.each([orderShipped, orderDelivered, orderCancellationRefused])(
      'an order that has left ($type) leaves the stock, once',
      async (left) => {
        const data = order({ [LAMP]: 4 });
        await service.deliver(newDelivery(orderCreated, data));
        const before = await stockOf(LAMP);
        const shipped = () => newDelivery(left, { ...fixtureEvent(left).data, orderId: data.orderId });
        await service.deliver(shipped());
        await service.deliver(shipped());
        expect(await stockOf(LAMP)).toMatchObject({
          onHand: before.onHand - 4,
          reserved: before.reserved - 4,
          shipped: before.shipped + 4,
          available: before.available,
        });
      },
    );

    test('while it is not known whether a parcel can be kept back, its pieces are not sold again', async () => {
      const data = order({ [LAMP]: 4 });
      await service.deliver(newDelivery(orderCreated, data));
      const before = await stockOf(LAMP);
      await service.deliver(cancelling(data.orderId));
      expect(await stockOf(LAMP)).toEqual(before);
      const { orderId } = data;
      const refused = { ...fixtureEvent(orderCancellationRefused).data, orderId };
      await service.deliver(newDelivery(orderCancellationRefused, refused));
      expect(await stockOf(LAMP)).toMatchObject({ shipped: before.shipped + 4, available: before.available });
      expect(
        service.kafka.messages.filter(
          ({ key, headers }) => key === orderId && headers['ce_type'] === inventoryReleased.type,
        ),
      ).toEqual([]);
    });

    test.each([orderPaymentFailed, orderFulfilmentFailed])(
      'what was reserved for an order that fails ($type) can be sold again, once',
      async (failed) => {
        const data = order({ [LAMP]: 4, [TABLE]: 1 });
        const before = [await stockOf(LAMP), await stockOf(TABLE)];
        await service.deliver(newDelivery(orderCreated, data));
        const failure = () => newDelivery(failed, { ...fixtureEvent(failed).data, orderId: data.orderId });
        const first = failure();
        await service.deliver(first, failure());
        await service.deliver(first);
        for (const [index, product] of [LAMP, TABLE].entries()) {
          const { reserved, onHand, shipped } = before[index];
          expect(await stockOf(product)).toMatchObject({ reserved, onHand, shipped });
        }
        await service.deliver(
          newDelivery(orderShipped, { ...fixtureEvent(orderShipped).data, orderId: data.orderId }),
        );
        expect((await stockOf(LAMP)).shipped).toBe(before[0].shipped);
        await service.kafka.until(inventoryReleased, 1);
        const announced = service.kafka.messages.filter(
          ({ key, headers }) => key === data.orderId && headers['ce_type'] === inventoryReleased.type,
        );
        expect(announced).toHaveLength(1);
        expectGolden(inventoryReleased, announced[0], {
          orderId: data.orderId,
          lines: [
            { productId: LAMP, quantity: 4 },
            { productId: TABLE, quantity: 1 },
          ],
        });
      },
    );

    test.each([
      ['what was reserved', 2, 1_000_000],
      ['that nothing was reserved', 2, 0],
    ])('whoever cancels an order is told %s, even twice', async (_, quantity, pieces) => {
      const before = await stockOf(ARMCHAIR);
      await setStock(ARMCHAIR, before.reserved + pieces).expect(200);
      const data = order({ [ARMCHAIR]: quantity });
      await service.deliver(newDelivery(orderCreated, data), cancelling(data.orderId));
      await service.deliver(confirmed(data.orderId));
      await service.deliver(confirmed(data.orderId));
      expect(await stockOf(ARMCHAIR)).toMatchObject({ reserved: before.reserved });
      const released = () =>
        service.kafka.messages
          .filter(({ key, headers }) => key === data.orderId && headers['ce_type'] === inventoryReleased.type)
          .map(({ body }) => JSON.parse(body.toString()).lines);
      while (released().length < 2) await sleep(10);
      expect(released()).toEqual([pieces > 0 ? [{ productId: ARMCHAIR, quantity }] : [], []]);
    });

    describe('reconciliation', () => {
      const reported = (
        data: DataOf<typeof orderCreated>,
        status: string | null,
        awaiting: string[] = [],
      ) => {
        const { orderId, items: _items, ...details } = data;
        const report = fixtureEvent(orderStateReported).data.order as NonNullable<
          DataOf<typeof orderStateReported>['order']
        >;
        return newDelivery(orderStateReported, {
          orderId,
          order: status === null ? null : { ...report, ...details, status, awaiting },
        });
      };
      const forget = (...orders: DataOf<typeof orderCreated>[]) =>
        service.dataSource.query(
          `WITH forgotten AS (DELETE FROM reservation WHERE order_id = ANY($1::uuid[]) RETURNING lines)
           UPDATE stock SET reserved = reserved - lost.quantity FROM (
             SELECT (line->>'productId')::uuid AS product_id, sum((line->>'quantity')::integer) AS quantity
             FROM forgotten, json_array_elements(lines) AS line GROUP BY 1
           ) AS lost WHERE stock.product_id = lost.product_id`,
          [orders.map(({ orderId }) => orderId)],
        );
      const released = (orderId: string) =>
        service.kafka.messages.filter(
          ({ key, headers }) => key === orderId && headers['ce_type'] === inventoryReleased.type,
        );
      const counted = async () => (await http().get('/reconcile').expect(200)).body.counts;

      test.each([
        ['RESERVED', 'reserved'],
        ['PAID', 'reserved'],
        ['SHIPPED', 'shipped'],
        ['DELIVERED', 'shipped'],
      ])('a forgotten reservation of an order that is %s is made again, once', async (status, where) => {
        const data = order({ [LAMP]: 3 });
        await service.deliver(newDelivery(orderCreated, data));
        await forget(data);
        const before = await stockOf(LAMP);
        await service.deliver(reported(data, status), reported(data, status));
        await service.deliver(reported(data, status));
        const after = await stockOf(LAMP);
        expect(after[where]).toBe(before[where] + 3);
        expect(after.available).toBe(before.available - 3);
        expect(after.onHand + after.shipped).toBe(before.onHand + before.shipped);
        expect(await counted()).toMatchObject({
          [where === 'reserved' ? 'reservedAgain' : 'shippedAgain']: expect.any(Number),
        });
      });

      test('where the pieces of a forgotten reservation are missing, somebody has to decide', async () => {
        const [data, other] = [order({ [ARMCHAIR]: 3 }), order({ [LAMP]: 1 })];
        const [armchair, lamp] = [await stockOf(ARMCHAIR), await stockOf(LAMP)];
        await setStock(ARMCHAIR, armchair.reserved + 2).expect(200);
        const outcomes = await service.deliver(reported(data, 'PAID'), reported(other, 'PAID'));
        expect(outcomes).toMatchObject([
          { status: 'rejected', error: { message: expect.stringContaining('redrive this dead letter') } },
          { status: 'settled' },
        ]);
        expect(await stockOf(ARMCHAIR)).toMatchObject({ reserved: armchair.reserved });
        expect(await stockOf(LAMP)).toMatchObject({ reserved: lamp.reserved + 1 });
        await setStock(ARMCHAIR, armchair.reserved + 3).expect(200);
        await service.deliver(reported(data, 'PAID'));
        expect(await stockOf(ARMCHAIR)).toMatchObject({ reserved: armchair.reserved + 3 });
      });

      test.each(['REJECTED', 'PAYMENT_FAILED', 'FULFILMENT_FAILED', 'REFUNDED', 'CANCELLED'])(
        'an open reservation of an order that is %s is released, and that is announced',
        async (status) => {
          const data = order({ [LAMP]: 3 });
          const before = await stockOf(LAMP);
          await service.deliver(newDelivery(orderCreated, data));
          await service.deliver(reported(data, status), reported(data, status));
          expect(await stockOf(LAMP)).toMatchObject({ reserved: before.reserved, onHand: before.onHand });
          while (released(data.orderId).length === 0) await sleep(10);
          expect(released(data.orderId)).toHaveLength(1);
        },
      );

      test.each([
        ['open', 'none', 0],
        ['open', 'left', 3],
        ['shipped', 'none', 0],
        ['shipped', 'left', 3],
      ] as const)(
        'an order that does not exist, whose reservation is %s: its parcel is %s, so %d pieces are gone',
        async (state, parcel, gone) => {
          const data = order({ [LAMP]: 3 });
          const before = await stockOf(LAMP);
          await service.deliver(newDelivery(orderCreated, data));
          if (state === 'shipped') await service.deliver(reported(data, 'SHIPPED'));
          const waiting = await stockOf(LAMP);
          await service.deliver(reported(data, null));
          expect(await stockOf(LAMP)).toEqual(waiting);
          const fate = () => newDelivery(orderStateReported, { orderId: data.orderId, order: null, parcel });
          await service.deliver(fate(), fate());
          await service.deliver(fate());
          expect(await stockOf(LAMP)).toMatchObject({
            reserved: before.reserved,
            onHand: before.onHand - gone,
            shipped: before.shipped + gone,
          });
        },
      );

      test.each(['SHIPPED', 'DELIVERED'])(
        'an open reservation of an order that is %s is shipped',
        async (status) => {
          const data = order({ [LAMP]: 3 });
          const before = await stockOf(LAMP);
          await service.deliver(newDelivery(orderCreated, data), reported(data, status));
          expect(await stockOf(LAMP)).toMatchObject({
            reserved: before.reserved,
            shipped: before.shipped + 3,
            onHand: before.onHand - 3,
          });
        },
      );

      test('what agrees with its order stays as it is', async () => {
        const data = order({ [LAMP]: 3 });
        await service.deliver(newDelivery(orderCreated, data));
        const before = await stockOf(LAMP);
        const waiting = [reported(data, 'PAID'), reported(data, 'CANCELLING', ['stock', 'shipment'])];
        await service.deliver(
          ...waiting,
          reported(order({ [LAMP]: 2 }), 'CANCELLED'),
          reported(order({}), null),
        );
        expect(await stockOf(LAMP)).toEqual(before);
      });

      test('POST /reconcile asks for the orders of all open reservations', async () => {
        const data = order({ [LAMP]: 1 });
        await service.deliver(newDelivery(orderCreated, data));
        await http().post('/reconcile').expect(202);
        await service.kafka.until(inventoryOrderStateRequested, 1);
        const asked = () =>
          service.kafka.messages.find(
            ({ key, headers }) =>
              key === data.orderId && headers['ce_type'] === inventoryOrderStateRequested.type,
          );
        while (!asked()) await sleep(10);
        expect(JSON.parse((asked() as { body: Buffer }).body.toString()).orderId).toBe(data.orderId);
      });

      test('a reservation that is open for long is asked about, again after the same time', async () => {
        const data = order({ [LAMP]: 1 });
        await service.deliver(newDelivery(orderCreated, data));
        const asked = () =>
          service.kafka.messages.filter(
            ({ key, headers }) =>
              key === data.orderId && headers['ce_type'] === inventoryOrderStateRequested.type,
          ).length;
        const check = () => service.app.get(CheckReservations).run();
        const pass = () =>
          service.dataSource.query(
            `UPDATE reservation SET updated_at = updated_at - interval '61 minutes' WHERE order_id = $1`,
            [data.orderId],
          );
        await check();
        expect(asked()).toBe(0);
        await pass();
        await check();
        await check();
        while (asked() < 1) await sleep(10);
        await pass();
        await check();
        while (asked() < 2) await sleep(10);
        expect(asked()).toBe(2);
      });

      test('an order that is nudged is told of what was decided: also what has left, or is released', async () => {
        const [left, undone] = [order({ [LAMP]: 1 }), order({ [LAMP]: 1 })];
        await service.deliver(newDelivery(orderCreated, left), newDelivery(orderCreated, undone));
        await service.deliver(
          newDelivery(orderShipped, { ...fixtureEvent(orderShipped).data, orderId: left.orderId }),
          confirmed(undone.orderId),
        );
        const before = await stockOf(LAMP);
        await service.deliver(newDelivery(orderCreated, left), newDelivery(orderCreated, undone));
        const announced = (contract: EventContract, orderId: string) =>
          service.kafka.messages.filter(
            ({ key, headers }) => key === orderId && headers['ce_type'] === contract.type,
          ).length;
        while (announced(inventoryReserved, left.orderId) < 2) await sleep(10);
        while (announced(inventoryReleased, undone.orderId) < 2) await sleep(10);
        expect(await stockOf(LAMP)).toEqual(before);
      });
    });

    test('an order of which nothing is reserved releases nothing', async () => {
      const before = await stockOf(LAMP);
      const failure = { ...fixtureEvent(orderPaymentFailed).data, orderId: uuid() };
      await service.deliver(newDelivery(orderPaymentFailed, failure));
      expect(await stockOf(LAMP)).toMatchObject({ reserved: before.reserved, onHand: before.onHand });
      expect(service.kafka.messages.filter(({ key }) => key === failure.orderId)).toEqual([]);
    });
  });

  describe('HTTP', () => {
    test('pages through the products', async () => {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const { body } = await http()
          .get('/inventory')
          .query({ limit: 3, ...(cursor && { cursor }) })
          .expect(200);
        seen.push(...body.products.map(({ productId }: { productId: string }) => productId));
        cursor = body.nextCursor;
      } while (cursor);
      expect(seen).toHaveLength(10);
      expect(seen).toEqual(seen.toSorted());
    });

    test.each<[string, unknown]>([
      ['nothing', {}],
      ['a negative quantity', { quantity: -1 }],
      ['text', { quantity: '5' }],
      ['an unknown field', { quantity: 5, colour: 'red' }],
    ])('refuses %s', async (_, body) => {
      const before = await stockOf(LAMP);
      const response = await http()
        .put(`/inventory/${LAMP}/update`)
        .send(body as object)
        .expect(400);
      expect(response.headers['content-type']).toMatch(/problem\+json/);
      expect(await stockOf(LAMP)).toEqual(before);
    });

    test('refuses fewer pieces than are promised to orders', async () => {
      await service.deliver(newDelivery(orderCreated, order({ [LAMP]: 1 })));
      const { reserved } = await stockOf(LAMP);
      const response = await setStock(LAMP, reserved - 1).expect(409);
      expect(response.body).toMatchObject({ reserved });
    });

    test('a product that is not kept is 404', async () => {
      await http().get('/inventory/99999999-9999-4999-8999-999999999999').expect(404);
      await setStock('99999999-9999-4999-8999-999999999999', 1).expect(404);
    });
  });
});
