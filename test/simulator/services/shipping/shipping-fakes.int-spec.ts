import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { Cancellation1700000000002 } from '../../../../apps/shipping/src/storage/cancellation.migration.js';
import { Closing1700000000005 } from '../../../../apps/shipping/src/storage/closing.migration.js';
import { ClosingRepository } from '../../../../apps/shipping/src/storage/closing.repository.js';
import { Deliveries1700000000003 } from '../../../../apps/shipping/src/storage/deliveries.migration.js';
import { DeliveryRepository } from '../../../../apps/shipping/src/storage/delivery.repository.js';
import { ShipmentEntity } from '../../../../apps/shipping/src/storage/shipment.entity.js';
import { ShipmentRepository } from '../../../../apps/shipping/src/storage/shipment.repository.js';
import { LostLabels1700000000006 } from '../../../../apps/shipping/src/storage/lost-labels.migration.js';
import { ShippingTables1700000000001 } from '../../../../apps/shipping/src/storage/shipping-tables.migration.js';
import { WorkItemFailures1700000000004 } from '../../../../apps/shipping/src/storage/work-item-failures.migration.js';
import { VoidRepository } from '../../../../apps/shipping/src/storage/void.repository.js';
import { connectTestDatabase } from '../../../postgres/test-database.js';
import {
  callOf,
  CAUSE,
  commandsOf,
  idOf,
  someFailures,
  someId,
  someIds,
  someItem,
  somePostponement,
  someTake,
} from '../../database/commands.js';
import { quietSession, SideBySide, type Command } from '../../database/side-by-side.js';
import { FakeClosingRepository } from './fake-closing.repository.js';
import { FakeDeliveryRepository } from './fake-delivery.repository.js';
import { FakeShipmentRepository, ShippingTables } from './fake-shipment.repository.js';
import { FakeVoidRepository } from './fake-void.repository.js';

const ALL = [1, 2, 3, 4];
/** Each order's shipment has an id of its own, as UUIDs have. */
const shipmentOf = (order: number): string => idOf(100 + order);
const someOrder = fc.constantFrom(...ALL);
const someShipment = someOrder.map(shipmentOf);
const someStatus = fc.constantFrom(
  'REQUESTED',
  'BOOKED',
  'DELIVERED',
  'FAILED',
  'CANCELLED',
  'CLOSING',
  'VOIDING',
  'VOIDED',
);

const shipment = someOrder.chain((order) =>
  fc.record({
    id: fc.constant(shipmentOf(order)),
    orderId: fc.constant(idOf(order)),
    userId: fc.constant(idOf(9)),
    status: fc.constantFrom('REQUESTED', 'CANCELLED'),
    shipTo: fc.option(fc.constant({ name: 'N', street: 'S', postalCode: '1', city: 'C', country: 'DE' })),
    pieces: fc.nat(5),
    cause: fc.constant(CAUSE),
  }),
);
const decision = fc.oneof(
  fc.record({
    booked: fc.constant(true),
    carrier: fc.constant('carrier'),
    carrierReference: fc.constant('SHP-1'),
    trackingNumber: fc.constant('MP1'),
  }),
  fc.record({
    booked: fc.constant(true),
    carrier: fc.constant('carrier'),
    carrierReference: fc.constant('SHP-1'),
    trackingNumber: fc.constant('MP1'),
    voided: fc.constant(true),
  }),
  fc.record({
    booked: fc.constant(true),
    carrier: fc.constant('carrier'),
    carrierReference: fc.constant('SHP-1'),
    trackingNumber: fc.constant('MP1'),
    deliveredAt: fc.constant(new Date('2020-01-02T00:00:00Z')),
  }),
  fc.record({ booked: fc.constant(false), code: fc.constant('code'), reason: fc.constant('reason') }),
);
const voidDecision = fc.oneof(
  fc.constant({ voided: true }),
  fc.constant({ voided: false, reason: 'no' }),
  fc.constant({ voided: false, reason: 'no', deliveredAt: new Date('2020-01-02T00:00:00Z') }),
);
const shipTo = fc.constant({ name: 'M', street: 'S', postalCode: '2', city: 'C', country: 'DE' });
const unique = <Item>(item: fc.Arbitrary<Item>, key: keyof Item) =>
  fc.uniqueArray(item, { selector: (one) => one[key], minLength: 1, maxLength: 3 });

describe("shipping's fakes and PostgreSQL", () => {
  let dataSource: DataSource;

  beforeAll(async () => {
    dataSource = await connectTestDatabase(
      [
        ShippingTables1700000000001,
        Cancellation1700000000002,
        Deliveries1700000000003,
        WorkItemFailures1700000000004,
        Closing1700000000005,
        LostLabels1700000000006,
      ],
      [ShipmentEntity],
    );
  });

  afterAll(() => dataSource.destroy());

  test('answer the same, whatever is asked', async () => {
    const delivery = fc.record({
      orderId: someId,
      deliveredAt: fc.constant(new Date('2020-01-01T00:00:00Z')),
    });
    const cursor = fc.constantFrom('', '1', '2');
    const forgotten = fc
      .tuple(shipment, fc.boolean())
      .map(([one, expectsLabel]) => ({ ...one, expectsLabel }));
    const lost = fc.constantFrom('unknown', 'void', null);
    const commands = commandsOf(
      [
        callOf('shipments', 'insert', fc.array(shipment, { minLength: 1, maxLength: 3 })),
        callOf('shipments', 'insertForgotten', unique(forgotten, 'orderId')),
        callOf('shipments', 'dispute', someShipment, fc.constantFrom('lost', 'left')),
        callOf('shipments', 'loseLabels', unique(fc.record({ id: someShipment, lost }), 'id')),
        callOf('shipments', 'forgetUser', someShipment),
        callOf('shipments', 'lockOfOrders', someIds),
        callOf('shipments', 'cancel', someShipment, someStatus, fc.constant(CAUSE)),
        callOf('shipments', 'decide', unique(fc.record({ id: someShipment, decision }), 'id')),
        callOf('shipments', 'postpone', someItem(someShipment), somePostponement, fc.boolean()),
        callOf('shipments', 'park', someItem(someShipment), someFailures, fc.boolean()),
        callOf('shipments', 'resume', unique(fc.record({ orderId: someId, shipTo }), 'orderId')),
        callOf('shipments', 'giveUp', someIds),
        callOf('closings', 'postpone', someItem(someShipment), somePostponement),
        callOf('closings', 'park', someItem(someShipment), someFailures),
        callOf('voids', 'postpone', someItem(someShipment), somePostponement),
        callOf('voids', 'park', someItem(someShipment), someFailures),
        callOf('voids', 'resume', someIds),
        callOf('voids', 'giveUp', someIds),
        callOf('voids', 'complete', unique(fc.record({ id: someShipment, decision: voidDecision }), 'id')),
        callOf('deliveries', 'advance', cursor, cursor),
        callOf('deliveries', 'deliver', unique(delivery, 'orderId')),
      ],
      [
        callOf('shipments', 'takeDue', someTake),
        callOf('closings', 'takeDue', someTake),
        callOf('voids', 'takeDue', someTake),
        callOf('deliveries', 'cursor'),
      ],
    );
    const everything = ALL.map((order): Command => ({
      repository: 'shipments',
      method: 'findOfOrder',
      args: [idOf(order)],
    }));
    await fc.assert(
      fc.asyncProperty(fc.array(shipment, { minLength: 1, maxLength: 4 }), commands, async (first, all) => {
        await dataSource.query('TRUNCATE shipment CASCADE');
        await dataSource.query(`UPDATE delivery_cursor SET cursor = ''`);
        const session = quietSession();
        const tables = new ShippingTables();
        const shipments = dataSource.getRepository(ShipmentEntity);
        const both = new SideBySide(
          dataSource,
          {
            shipments: new ShipmentRepository(shipments),
            closings: new ClosingRepository(shipments),
            voids: new VoidRepository(shipments),
            deliveries: new DeliveryRepository(shipments),
          },
          session,
          {
            shipments: new FakeShipmentRepository(session, tables),
            closings: new FakeClosingRepository(session, tables),
            voids: new FakeVoidRepository(session, tables),
            deliveries: new FakeDeliveryRepository(session, tables),
          },
        );
        const request = {
          calls: [{ repository: 'shipments', method: 'insert', args: [first] }],
          commit: true,
        };
        for (const command of [request, ...all, ...everything]) {
          const { real, fake } = await both.run(command);
          expect(fake).toEqual(real);
        }
      }),
      { numRuns: 100 },
    );
  });
});
