import { hasNoLabel, statusAfter, whenCancelled, type ShipmentStatus } from './shipment.js';

test.each<[ShipmentStatus, number, ShipmentStatus]>([
  ['REQUESTED', 0, 'CANCELLED'],
  ['REQUESTED', 1, 'REQUESTED'],
  ['BOOKED', 1, 'VOIDING'],
  ['FAILED', 1, 'FAILED'],
  ['CANCELLED', 0, 'CANCELLED'],
  ['VOIDING', 2, 'VOIDING'],
  ['VOIDED', 1, 'VOIDED'],
])(
  'given a shipment that is %s after %i attempts, when its order is cancelled, then it is %s',
  (from, attempts, to) => {
    expect(whenCancelled(from, attempts)).toBe(to);
  },
);

test('given a booking in flight of a cancelled order, when the carrier books it, then it is voided', () => {
  const booked = { booked: true, carrier: 'c', carrierReference: 'r', trackingNumber: 't' } as const;
  expect(statusAfter(booked, true)).toBe('VOIDING');
  expect(statusAfter(booked, false)).toBe('BOOKED');
  expect(statusAfter({ booked: false, code: 'InvalidAddress', reason: 'no' }, true)).toBe('FAILED');
});

test('only what was never booked has no label', () => {
  const statuses: ShipmentStatus[] = ['REQUESTED', 'BOOKED', 'FAILED', 'CANCELLED', 'VOIDING', 'VOIDED'];
  expect(statuses.filter(hasNoLabel)).toEqual(['FAILED', 'CANCELLED']);
});
