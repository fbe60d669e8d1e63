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

test('given a declined payment, when the stock is released, then the order stays as it is', () => {
  expect(after('inventory.reserved', 'payment.failed', 'inventory.released')).toBe('PAYMENT_FAILED');
});

test('given an order that cannot be shipped, when its charge is refunded, then it is refunded', () => {
  const failed: FulfilmentEvent[] = ['inventory.reserved', 'payment.processed', 'shipment.failed'];
  expect(after(...failed, 'inventory.released')).toBe('FULFILMENT_FAILED');
  expect(after(...failed, 'inventory.released', 'payment.refunded')).toBe('REFUNDED');
  expect(after(...failed, 'payment.refunded', 'inventory.released')).toBe('REFUNDED');
});

test('given a refunded order, when an event comes late, then it is only noted', () => {
  expect(
    after(
      'shipment.failed',
      'payment.refunded',
      'payment.processed',
      'inventory.reserved',
      'inventory.released',
    ),
  ).toBe('REFUNDED');
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
  ['SHIPPED', 'payment.refunded'],
  ['PAID', 'inventory.released'],
  ['REFUNDED', 'shipment.created'],
])('an order that is %s contradicts %s', (status, event) => {
  expect(() => statusAfter(status, event)).toThrow(ContradictionError);
});
