import { ContradictionError, statusAfter, type FulfilmentEvent, type OrderStatus } from './fulfilment.js';

const after = (...events: FulfilmentEvent[]): OrderStatus =>
  events.reduce<OrderStatus>((status, event) => statusAfter(status, event), 'PLACED');

test('an order is reserved, paid and shipped', () => {
  expect(after('inventory.reserved')).toBe('RESERVED');
  expect(after('inventory.reserved', 'payment.processed')).toBe('PAID');
  expect(after('inventory.reserved', 'payment.processed', 'shipment.created')).toBe('SHIPPED');
});

test('an order ends where a step fails', () => {
  expect(after('inventory.out-of-stock')).toBe('REJECTED');
  expect(after('inventory.reserved', 'payment.failed')).toBe('PAYMENT_FAILED');
  expect(after('inventory.reserved', 'payment.processed', 'shipment.failed')).toBe('FULFILMENT_FAILED');
});

test('whatever order its events come in, an order ends the same', () => {
  const permutations = (events: FulfilmentEvent[]): FulfilmentEvent[][] =>
    events.length < 2
      ? [events]
      : events.flatMap((event) =>
          permutations(events.filter((other) => other !== event)).map((rest) => [event].concat(rest)),
        );
  for (const events of permutations(['inventory.reserved', 'payment.processed', 'shipment.created'])) {
    expect(after(...events)).toBe('SHIPPED');
  }
  for (const events of permutations(['inventory.reserved', 'payment.processed', 'shipment.failed'])) {
    expect(after(...events)).toBe('FULFILMENT_FAILED');
  }
  for (const events of permutations(['inventory.reserved', 'payment.failed'])) {
    expect(after(...events)).toBe('PAYMENT_FAILED');
  }
});

test.each<[OrderStatus, FulfilmentEvent]>([
  ['REJECTED', 'payment.processed'],
  ['REJECTED', 'inventory.reserved'],
  ['RESERVED', 'inventory.out-of-stock'],
  ['PAID', 'payment.failed'],
  ['PAYMENT_FAILED', 'shipment.created'],
  ['SHIPPED', 'shipment.failed'],
])('an order that is %s contradicts %s', (status, event) => {
  expect(() => statusAfter(status, event)).toThrow(ContradictionError);
});
