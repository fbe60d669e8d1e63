import { isUncharged, statusAfter, whenCancelled, type PaymentStatus } from './payment.js';

test.each<[PaymentStatus, number, PaymentStatus]>([
  ['PENDING', 0, 'UNPAID'],
  ['PENDING', 1, 'PENDING'],
  ['SUCCEEDED', 1, 'REFUNDING'],
  ['FAILED', 1, 'FAILED'],
  ['UNPAID', 0, 'UNPAID'],
  ['REFUNDING', 2, 'REFUNDING'],
  ['REFUNDED', 1, 'REFUNDED'],
])(
  'given a payment that is %s after %i attempts, when its order is cancelled, then it is %s',
  (from, attempts, to) => {
    expect(whenCancelled(from, attempts)).toBe(to);
  },
);

test('given a charge in flight of a cancelled order, when the gateway takes the money, then it is given back', () => {
  expect(statusAfter({ approved: true, chargeId: 'ch_1' }, true)).toBe('REFUNDING');
  expect(statusAfter({ approved: true, chargeId: 'ch_1' }, false)).toBe('SUCCEEDED');
  expect(statusAfter({ approved: true, chargeId: 'ch_1', refundId: 're_1' }, false)).toBe('REFUNDED');
  expect(statusAfter({ approved: false, code: 'declined', reason: 'no' }, true)).toBe('FAILED');
});

test('only what was never charged counts as uncharged', () => {
  const statuses: PaymentStatus[] = ['PENDING', 'SUCCEEDED', 'FAILED', 'UNPAID', 'REFUNDING', 'REFUNDED'];
  expect(statuses.filter(isUncharged)).toEqual(['FAILED', 'UNPAID']);
});
