import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { Cancellation1700000000002 } from '../../../../apps/order/src/storage/cancellation.migration.js';
import { Deadlines1700000000003 } from '../../../../apps/order/src/storage/deadlines.migration.js';
import { DueOrders1700000000004 } from '../../../../apps/order/src/storage/due-orders.migration.js';
import { OrderEntity } from '../../../../apps/order/src/storage/order.entity.js';
import { OrderRepository } from '../../../../apps/order/src/storage/order.repository.js';
import { OrderTables1700000000001 } from '../../../../apps/order/src/storage/order-tables.migration.js';
import { TimelineEntryEntity } from '../../../../apps/order/src/storage/timeline-entry.entity.js';
import { WaitingOrderRepository } from '../../../../apps/order/src/storage/waiting-order.repository.js';
import { connectTestDatabase } from '../../../postgres/test-database.js';
import { callOf, CAUSE, commandsOf, idOf, someId } from '../../database/commands.js';
import { quietSession, SideBySide, type Command } from '../../database/side-by-side.js';
import { FakeOrderRepository, OrderTables } from './fake-order.repository.js';
import { FakeWaitingOrderRepository } from './fake-waiting-order.repository.js';

const USER = idOf(9);
const PAST = new Date('2020-01-01T00:00:00Z');
const FUTURE = new Date('2100-01-01T00:00:00Z');
const ALL = [1, 2, 3, 4].map(idOf);

const someStatus = fc.constantFrom('PLACED', 'RESERVED', 'CANCELLING', 'CANCELLED', 'SHIPPED');
const someTime = fc.constantFrom(PAST, FUTURE);
const order = someId.chain((id) =>
  fc.record({
    id: fc.constant(id),
    userId: fc.constant(USER),
    status: fc.constant('PLACED'),
    currency: fc.constant('EUR'),
    total: fc.nat(1_000),
    lines: fc.constant([{ productId: idOf(1), name: 'lamp', quantity: 1, unitPrice: 100 }]),
    shipTo: fc.constant({ name: 'N', street: 'S', postalCode: '1', city: 'C', country: 'DE' }),
    paymentToken: fc.constant('tok'),
    createdAt: fc.constant(PAST),
    version: fc.constant(1),
    lookAt: someTime,
    cause: fc.constant(CAUSE),
  }),
);
const progress = fc.record({
  id: someId,
  userId: fc.constant(USER),
  total: fc.constant(1),
  currency: fc.constant('EUR'),
  status: someStatus,
  awaiting: fc.subarray(['stock', 'payment', 'shipment']),
  reason: fc.option(fc.constant('why')),
  invoiceNumber: fc.option(fc.constant('INV')),
  carrier: fc.option(fc.constant('carrier')),
  trackingNumber: fc.option(fc.constant('MP1')),
  version: fc.integer({ min: 1, max: 3 }),
});
const entry = fc.record({
  orderId: someId,
  position: fc.integer({ min: 1, max: 3 }),
  cause: fc.constant('cause'),
  status: someStatus,
  messageId: fc.constant('m'),
  source: fc.constant('s'),
  occurredAt: fc.constant(PAST),
  detail: fc.option(fc.constant('detail')),
});
const look = fc.record({
  orderId: someId,
  lookAt: someTime,
  nudgedIn: fc.option(someStatus, { nil: undefined }),
});

describe("order's fakes and PostgreSQL", () => {
  let dataSource: DataSource;

  beforeAll(async () => {
    dataSource = await connectTestDatabase(
      [OrderTables1700000000001, Cancellation1700000000002, Deadlines1700000000003, DueOrders1700000000004],
      [OrderEntity, TimelineEntryEntity],
    );
  });

  afterAll(() => dataSource.destroy());

  test('answer the same, whatever is asked', async () => {
    const unique = <Item extends object>(item: fc.Arbitrary<Item>, key: keyof Item) =>
      fc.uniqueArray(item, { selector: (one) => one[key], minLength: 1, maxLength: 2 });
    const commands = commandsOf(
      [
        callOf('orders', 'insert', fc.array(order, { minLength: 1, maxLength: 2 })),
        callOf('orders', 'lock', fc.array(someId, { maxLength: 3 })),
        callOf('orders', 'lockWhole', fc.array(someId, { maxLength: 3 })),
        callOf('orders', 'update', unique(progress, 'id')),
        callOf('orders', 'insertTimeline', unique(entry, 'orderId')),
        callOf(
          'waiting',
          'lockDue',
          fc.constant(10),
          fc.option(fc.array(someId, { maxLength: 2 }), { nil: undefined }),
        ),
        callOf('waiting', 'since', fc.array(someId, { maxLength: 3 })),
        callOf('waiting', 'forget', fc.array(someId, { maxLength: 1 })),
        callOf('waiting', 'putBehind', someId, fc.constantFrom(0, 1_000_000)),
        callOf('waiting', 'lookAgain', unique(look, 'orderId')),
      ],
      [
        callOf('orders', 'find', someId),
        callOf(
          'orders',
          'idsAfter',
          fc.option(someId, { nil: undefined }),
          fc.constant(undefined),
          fc.constant(2),
        ),
        callOf('orders', 'findOfUser', fc.constant(USER), fc.constantFrom(1, 9)),
      ],
    );
    const everything: Command[] = [
      ...ALL.flatMap((id) => [
        { repository: 'orders', method: 'find', args: [id] },
        { repository: 'orders', method: 'timelineOf', args: [id] },
      ]),
      { calls: [{ repository: 'waiting', method: 'lockDue', args: [10] }], commit: false },
    ];
    await fc.assert(
      fc.asyncProperty(order, commands, async (first, all) => {
        await dataSource.query('TRUNCATE orders, order_timeline, waiting_order');
        const session = quietSession();
        const tables = new OrderTables();
        const both = new SideBySide(
          dataSource,
          {
            orders: new OrderRepository(
              dataSource.getRepository(OrderEntity),
              dataSource.getRepository(TimelineEntryEntity),
            ),
            waiting: new WaitingOrderRepository(),
          },
          session,
          {
            orders: new FakeOrderRepository(session, tables),
            waiting: new FakeWaitingOrderRepository(session, tables),
          },
        );
        const place = { calls: [{ repository: 'orders', method: 'insert', args: [[first]] }], commit: true };
        for (const command of [place, ...all, ...everything]) {
          const { real, fake } = await both.run(command);
          expect(fake).toEqual(real);
        }
      }),
      { numRuns: 60 },
    );
  });
});
