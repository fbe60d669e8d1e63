import type { ParcelFate } from '@orderbridge/contracts';
import { repairOf, type Repair, type ReportedOrder } from './reconciliation.js';
import type { ReservationStatus } from './reservation.js';

const order = (status: string, ...awaiting: string[]): ReportedOrder => ({ status, awaiting });
const FAILED = ['REJECTED', 'PAYMENT_FAILED', 'FULFILMENT_FAILED', 'REFUNDED', 'CANCELLED'];

test.each<[ReportedOrder, Repair | undefined]>([
  [null, undefined],
  ...FAILED.map((status): [ReportedOrder, Repair] => [order(status), 'release']),
  [order('SHIPPED'), 'ship'],
  [order('DELIVERED'), 'ship'],
  [order('PLACED'), undefined],
  [order('RESERVED'), undefined],
  [order('PAID'), undefined],
  [order('CANCELLING', 'stock', 'payment', 'shipment'), undefined],
  [order('CANCELLING', 'stock', 'payment'), 'release'],
  [order('CANCELLING', 'payment'), 'release'],
])('an open reservation of %j: %s', (reported, repair) => {
  expect(repairOf('RESERVED', reported)).toBe(repair);
});

test.each<[ReservationStatus | undefined, ReportedOrder, Repair | undefined]>([
  [undefined, order('RESERVED'), 'reserve again'],
  [undefined, order('PAID'), 'reserve again'],
  [undefined, order('SHIPPED'), 'ship again'],
  [undefined, order('DELIVERED'), 'ship again'],
  [undefined, order('PLACED'), undefined],
  [undefined, order('CANCELLING', 'stock'), undefined],
  [undefined, order('CANCELLED'), undefined],
  [undefined, null, undefined],
  ['REJECTED', order('PAID'), 'reserve again'],
  ['REJECTED', order('SHIPPED'), 'ship again'],
  ['REJECTED', order('REJECTED'), undefined],
  ['RELEASED', order('PAID'), undefined],
  ['RELEASED', order('SHIPPED'), 'ship again'],
  ['RELEASED', order('CANCELLED'), undefined],
  ['SHIPPED', order('PAID'), undefined],
  ['SHIPPED', order('DELIVERED'), undefined],
  ['SHIPPED', null, undefined],
  ['RELEASED', null, undefined],
])('a reservation that is %s of %j: %s', (status, reported, repair) => {
  expect(repairOf(status, reported)).toBe(repair);
});

test.each<[ReservationStatus | undefined, ParcelFate, Repair | undefined]>([
  ['RESERVED', 'none', 'release'],
  ['RESERVED', 'left', 'ship'],
  ['SHIPPED', 'none', 'take back'],
  ['SHIPPED', 'left', undefined],
  ['RELEASED', 'none', undefined],
  ['RELEASED', 'left', undefined],
  ['REJECTED', 'none', undefined],
  [undefined, 'none', undefined],
  [undefined, 'left', undefined],
])(
  'a reservation that is %s of an order that does not exist, whose parcel is %s: %s',
  (status, parcel, repair) => {
    expect(repairOf(status, null, parcel)).toBe(repair);
  },
);
