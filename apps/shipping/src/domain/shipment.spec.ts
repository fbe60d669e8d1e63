import {
  hasNoLabel,
  statusAfter,
  whenCancelled,
  type CarrierDecision,
  type Closing,
  type ShipmentStatus,
} from './shipment.js';

test.each<[ShipmentStatus, number, ShipmentStatus]>([
  ['REQUESTED', 0, 'CANCELLED'],
  ['REQUESTED', 1, 'CLOSING'],
  ['CLOSING', 2, 'CLOSING'],
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

describe('given what the carrier has decided, a shipment is', () => {
  const label = { booked: true, carrier: 'c', carrierReference: 'r', trackingNumber: 't' } as const;
  const refusal = { booked: false, code: 'InvalidAddress', reason: 'no' } as const;

  test.each<[ShipmentStatus, CarrierDecision, Closing, boolean]>([
    ['BOOKED', label, undefined, false],
    ['DELIVERED', label, undefined, true],
    ['VOIDED', { ...label, voided: true }, undefined, false],
    ['FAILED', refusal, undefined, false],
    ['VOIDING', label, 'cancelled', false],
    ['DELIVERED', label, 'cancelled', true],
    ['VOIDED', { ...label, voided: true }, 'cancelled', false],
    ['CANCELLED', refusal, 'cancelled', false],
    ['VOIDING', label, 'given-up', false],
    ['FAILED', refusal, 'given-up', false],
  ])('%s after %j when it is %s and delivered: %s', (status, decision, closing, delivered) => {
    expect(statusAfter(decision, closing, delivered)).toBe(status);
  });
});

test('only what was never booked has no label', () => {
  const statuses: ShipmentStatus[] = [
    'REQUESTED',
    'BOOKED',
    'FAILED',
    'CANCELLED',
    'CLOSING',
    'VOIDING',
    'VOIDED',
  ];
  expect(statuses.filter(hasNoLabel)).toEqual(['FAILED', 'CANCELLED']);
});
