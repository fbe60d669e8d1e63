import fc from 'fast-check';
import {
  after,
  cancel,
  ContradictionError,
  NotCancellableError,
  PLACED,
  type Fulfilment,
  type FulfilmentEvent,
  type OrderStatus,
} from './fulfilment.js';

type Step = FulfilmentEvent | 'cancel';

const follow = (...steps: Step[]): Fulfilment =>
  steps.reduce<Fulfilment>((order, step) => (step === 'cancel' ? cancel(order) : after(order, step)), PLACED);
const statusAfter = (...steps: Step[]): OrderStatus => follow(...steps).status;

const permutations = <Item>(items: readonly Item[]): Item[][] =>
  items.length < 2
    ? [[...items]]
    : items.flatMap((item) =>
        permutations(items.filter((other) => other !== item)).map((rest) => [item].concat(rest)),
      );

test('an order is reserved, paid and shipped', () => {
  expect(statusAfter('inventory.reserved')).toBe('RESERVED');
  expect(statusAfter('inventory.reserved', 'payment.processed')).toBe('PAID');
  expect(statusAfter('inventory.reserved', 'payment.processed', 'shipment.created')).toBe('SHIPPED');
});

test('an order ends where a step fails', () => {
  expect(statusAfter('inventory.out-of-stock')).toBe('REJECTED');
  expect(statusAfter('inventory.reserved', 'payment.failed')).toBe('PAYMENT_FAILED');
  expect(statusAfter('inventory.reserved', 'payment.processed', 'shipment.failed')).toBe('FULFILMENT_FAILED');
});

test('given a declined payment, when the stock is released, then the order stays as it is', () => {
  expect(statusAfter('inventory.reserved', 'payment.failed', 'inventory.released')).toBe('PAYMENT_FAILED');
});

test('given an order that cannot be shipped, when its charge is refunded, then it is refunded', () => {
  const failed: Step[] = ['inventory.reserved', 'payment.processed', 'shipment.failed'];
  expect(statusAfter(...failed, 'inventory.released')).toBe('FULFILMENT_FAILED');
  expect(statusAfter(...failed, 'inventory.released', 'payment.refunded')).toBe('REFUNDED');
  expect(statusAfter(...failed, 'payment.refunded', 'inventory.released')).toBe('REFUNDED');
});

test('given a refunded order, when an event comes late, then it is only noted', () => {
  const late: Step[] = ['payment.processed', 'inventory.reserved', 'inventory.released'];
  expect(statusAfter('shipment.failed', 'payment.refunded', ...late)).toBe('REFUNDED');
});

test('whatever order its events come in, an order ends the same', () => {
  const ends = (...events: FulfilmentEvent[]) =>
    new Set(permutations(events).map((each) => statusAfter(...each)));
  expect(ends('inventory.reserved', 'payment.processed', 'shipment.created')).toEqual(new Set(['SHIPPED']));
  expect(ends('inventory.reserved', 'payment.processed', 'shipment.failed')).toEqual(
    new Set(['FULFILMENT_FAILED']),
  );
  expect(ends('inventory.reserved', 'payment.failed')).toEqual(new Set(['PAYMENT_FAILED']));
});

describe('cancelling', () => {
  const undone: FulfilmentEvent[][] = ['payment.refunded', 'payment.cancelled'].flatMap((payment) =>
    ['shipment.voided', 'shipment.cancelled'].map(
      (shipment) => ['inventory.released', payment, shipment] as FulfilmentEvent[],
    ),
  );

  test.each<[Step[]]>([[[]], [['inventory.reserved']], [['inventory.reserved', 'payment.processed']]])(
    'given %j, when it is cancelled, then it is CANCELLED only when everything is undone',
    (steps) => {
      expect(statusAfter(...steps, 'cancel')).toBe('CANCELLING');
      for (const events of undone.flatMap((each) => permutations(each))) {
        expect(statusAfter(...steps, 'cancel', ...events.slice(0, 2))).toBe('CANCELLING');
        expect(statusAfter(...steps, 'cancel', ...events)).toBe('CANCELLED');
      }
    },
  );

  test('cancelling twice is cancelling once', () => {
    const order = follow('cancel', 'payment.cancelled');
    expect(cancel(order)).toEqual(order);
    const done = follow('cancel', 'payment.cancelled', 'inventory.released', 'shipment.cancelled');
    expect(cancel(done)).toEqual(done);
  });

  test('a confirmation that comes twice counts once', () => {
    expect(statusAfter('cancel', 'payment.cancelled', 'payment.cancelled', 'inventory.released')).toBe(
      'CANCELLING',
    );
  });

  test('whatever was under way and however it is mixed, a cancelled order ends CANCELLED', () => {
    const underWay: FulfilmentEvent[][] = [
      [],
      ['inventory.out-of-stock'],
      ['inventory.reserved', 'payment.failed'],
      ['inventory.reserved', 'payment.processed', 'shipment.created'],
      ['inventory.reserved', 'payment.processed', 'shipment.failed'],
    ];
    const mixed = fc
      .tuple(fc.constantFrom(...underWay), fc.constantFrom(...undone))
      .chain(([late, confirmations]) =>
        fc.shuffledSubarray([...late, ...confirmations], { minLength: late.length + 3 }),
      );
    fc.assert(
      fc.property(mixed, (events) => {
        expect(statusAfter('cancel', ...events)).toBe('CANCELLED');
      }),
    );
  });

  test.each<[Step[], OrderStatus]>([
    [['shipment.created'], 'SHIPPED'],
    [['inventory.out-of-stock'], 'REJECTED'],
    [['payment.failed'], 'PAYMENT_FAILED'],
    [['shipment.failed'], 'FULFILMENT_FAILED'],
    [['shipment.failed', 'payment.refunded'], 'REFUNDED'],
  ])('after %j it is too late', (steps, status) => {
    expect(() => follow(...steps, 'cancel')).toThrow(NotCancellableError);
    expect(() => follow(...steps, 'cancel')).toThrow(status);
  });
});

test.each<[OrderStatus, FulfilmentEvent]>([
  ['REJECTED', 'payment.processed'],
  ['REJECTED', 'inventory.reserved'],
  ['RESERVED', 'inventory.out-of-stock'],
  ['PAID', 'payment.failed'],
  ['PAYMENT_FAILED', 'shipment.created'],
  ['SHIPPED', 'shipment.failed'],
  ['SHIPPED', 'payment.refunded'],
  ['SHIPPED', 'shipment.voided'],
  ['PAID', 'inventory.released'],
  ['PAID', 'payment.cancelled'],
  ['REFUNDED', 'shipment.created'],
])('an order that is %s contradicts %s', (status, event) => {
  expect(() => after({ status, awaiting: [] }, event)).toThrow(ContradictionError);
});
