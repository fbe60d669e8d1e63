import fc from 'fast-check';
import {
  after,
  announcementOf,
  awaitedAnswerTo,
  cancel,
  ContradictionError,
  isWaiting,
  nextCheckAt,
  NotCancellableError,
  ORDER_STATUSES,
  PLACED,
  WAITING,
  whenDue,
  type Fulfilment,
  type FulfilmentEvent,
  type OrderStatus,
  type WaitingStatus,
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

test('given a shipped order, when the carrier delivers it, then it is delivered', () => {
  const shipped: Step[] = ['inventory.reserved', 'payment.processed', 'shipment.created'];
  expect(statusAfter(...shipped, 'shipment.delivered')).toBe('DELIVERED');
  expect(statusAfter('shipment.created', 'shipment.delivered', 'inventory.reserved')).toBe('DELIVERED');
  expect(() => follow(...shipped, 'shipment.delivered', 'cancel')).toThrow(NotCancellableError);
});

test('whoever is nudged says again what it said: that is only noted', () => {
  const steps: FulfilmentEvent[] = [
    'inventory.reserved',
    'payment.processed',
    'shipment.created',
    'shipment.delivered',
  ];
  for (const [index, step] of steps.entries()) {
    const before = follow(...steps.slice(0, index + 1));
    for (const again of steps.slice(0, index + 1)) expect(after(before, again)).toEqual(before);
    expect(step).toBe(steps[index]);
  }
  expect(statusAfter('inventory.out-of-stock', 'inventory.out-of-stock')).toBe('REJECTED');
  expect(statusAfter('payment.failed', 'payment.failed')).toBe('PAYMENT_FAILED');
  expect(statusAfter('shipment.failed', 'shipment.failed')).toBe('FULFILMENT_FAILED');
  expect(statusAfter('shipment.failed', 'payment.refunded', 'payment.refunded')).toBe('REFUNDED');
});

test.each(ORDER_STATUSES)('of an order that is %s, that a partner is asked again is only noted', (status) => {
  const order: Fulfilment = { status, awaiting: [] };
  expect(after(order, 'payment.postponed')).toEqual(order);
  expect(after(order, 'shipment.postponed')).toEqual(order);
});

describe('deadlines', () => {
  const deadlines = { PLACED: 10, RESERVED: 20, PAID: 30, FULFILMENT_FAILED: 40, CANCELLING: 50 };
  const due = (status: WaitingStatus, since: number, nudgedAt: number | undefined, now: number) =>
    whenDue(status, { since, nudgedAt }, deadlines, now);

  test('given an order within its deadline, then it waits until that', () => {
    expect(due('RESERVED', 100, undefined, 119)).toEqual({ action: 'wait', until: 120 });
  });

  test('an order is looked at before any deadline that it may come to meanwhile', () => {
    const short = { ...deadlines, RESERVED: 2, CANCELLING: 3 };
    expect(nextCheckAt(Infinity, short, 100)).toBe(102);
    expect(nextCheckAt(130, short, 100)).toBe(102);
    expect(nextCheckAt(101, short, 100)).toBe(101);
  });

  test('given an order past its deadline, then it is nudged, once', () => {
    expect(due('RESERVED', 100, undefined, 120)).toEqual({ action: 'nudge' });
    expect(due('RESERVED', 100, 125, 144)).toEqual({ action: 'wait', until: 145 });
  });

  test.each(['PLACED', 'RESERVED', 'PAID'] as const)(
    'given an order that is %s, when the nudge did not help, then it times out, and can be cancelled',
    (status) => {
      expect(due(status, 0, 100, 100 + deadlines[status])).toEqual({ action: 'time out' });
      expect(cancel({ status, awaiting: [] }).status).toBe('CANCELLING');
    },
  );

  test.each(['FULFILMENT_FAILED', 'CANCELLING'] as const)(
    'given an order that is %s, when the nudge did not help, then it is nudged again: it cannot be given up',
    (status) => {
      expect(due(status, 0, 100, 100 + deadlines[status])).toEqual({ action: 'nudge' });
    },
  );

  test('every status from which an event leads on has a deadline, but that of a parcel on its way', () => {
    const events = [
      'inventory.reserved',
      'payment.processed',
      'shipment.created',
      'payment.refunded',
    ] as const;
    const moved = (status: OrderStatus) =>
      events.some((event) => {
        try {
          return after({ status, awaiting: ['payment'] }, event).status !== status;
        } catch {
          return false;
        }
      });
    expect(ORDER_STATUSES.filter(moved).toSorted()).toEqual([...WAITING].toSorted());
    expect(ORDER_STATUSES.filter(isWaiting).toSorted()).toEqual([...WAITING].toSorted());
  });
});

test('given a parcel of which only the delivery is heard, then the order is delivered', () => {
  expect(statusAfter('inventory.reserved', 'shipment.delivered', 'shipment.created')).toBe('DELIVERED');
});

test('an order that was paid by hand and turns out of stock is rejected, and its payment is undone', () => {
  for (const late of [
    'payment.processed',
    'payment.failed',
    'payment.refunded',
    'payment.cancelled',
  ] as const)
    expect(statusAfter('inventory.out-of-stock', late)).toBe('REJECTED');
});

test.each(['REJECTED', 'PAYMENT_FAILED', 'FULFILMENT_FAILED', 'REFUNDED', 'CANCELLED'] as const)(
  'of an order that is %s, whatever else is undone is only noted',
  (status) => {
    const order: Fulfilment = { status, awaiting: [] };
    for (const undone of ['inventory.released', 'shipment.voided', 'shipment.cancelled'] as const)
      expect(after(order, undone)).toEqual(order);
  },
);

test('given a shipment that failed, when nothing was charged, then there is nothing to wait for', () => {
  expect(statusAfter('shipment.failed', 'payment.cancelled')).toBe('REFUNDED');
});

describe('what is announced', () => {
  const announced = (from: Fulfilment, step: Step): string | undefined =>
    announcementOf(from, step === 'cancel' ? cancel(from) : after(from, step));

  test.each<[Step, string]>([
    ['inventory.reserved', 'order.reserved'],
    ['payment.processed', 'order.paid'],
    ['shipment.created', 'order.shipped'],
    ['shipment.delivered', 'order.delivered'],
    ['inventory.out-of-stock', 'order.rejected'],
    ['payment.failed', 'order.payment-failed'],
    ['shipment.failed', 'order.fulfilment-failed'],
    ['cancel', 'order.cancelling'],
  ])('of an order that was placed, on %s, is %s', (step, announcement) => {
    expect(announced(PLACED, step)).toBe(announcement);
  });

  test('nothing, when an event is only noted', () => {
    expect(announced(follow('payment.processed'), 'inventory.reserved')).toBeUndefined();
    expect(announced(follow('cancel'), 'shipment.created')).toBeUndefined();
    expect(announced(follow('cancel'), 'payment.cancelled')).toBeUndefined();
  });

  test('given a cancellation, stock and money are given back only when the parcel is known to be kept back', () => {
    for (const kept of ['shipment.voided', 'shipment.cancelled'] as const) {
      const order = follow('payment.processed', 'cancel');
      expect(awaitedAnswerTo(order)).toBe('order.cancelling');
      expect(announced(order, kept)).toBe('order.cancellation-confirmed');
      const confirmed = after(order, kept);
      expect(awaitedAnswerTo(confirmed)).toBe('order.cancellation-confirmed');
      expect(announced(confirmed, kept)).toBeUndefined();
    }
  });

  test('given services that undo all at once, as older ones do, the last of them makes it CANCELLED', () => {
    const order = follow('cancel', 'inventory.released', 'payment.refunded');
    expect(announced(order, 'shipment.voided')).toBe('order.cancelled');
  });
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

  test.each<[FulfilmentEvent, OrderStatus]>([
    ['shipment.not-cancelled', 'SHIPPED'],
    ['shipment.delivered', 'DELIVERED'],
  ])(
    'given a parcel that cannot be kept back (%s), the order is %s, and that is announced',
    (event, status) => {
      const order = follow('payment.processed', 'cancel');
      const now = after(order, event);
      expect(now).toEqual({ status, awaiting: [] });
      expect(announcementOf(order, now)).toBe('order.cancellation-refused');
      expect(after(now, 'shipment.not-cancelled')).toEqual(now);
      expect(after(now, 'shipment.delivered').status).toBe('DELIVERED');
      expect(() => cancel(now)).toThrow(NotCancellableError);
    },
  );

  test('given a parcel that is kept back, a delivery that is heard of later changes nothing', () => {
    const order = follow('payment.processed', 'cancel', 'shipment.voided');
    expect(after(order, 'shipment.delivered')).toEqual(order);
  });

  test.each<[FulfilmentEvent, string]>([
    ['payment.refunded', 'order.cancelling'],
    ['payment.cancelled', 'order.cancelling'],
    ['inventory.released', 'order.cancelling'],
    ['shipment.voided', 'order.cancellation-confirmed'],
    ['shipment.cancelled', 'order.cancellation-confirmed'],
  ])(
    'given an order in progress of which something is undone (%s), then its cancellation was forgotten, and goes on',
    (event, announcement) => {
      for (const steps of [[], ['inventory.reserved'], ['payment.processed']] as FulfilmentEvent[][]) {
        const order = follow(...steps);
        const now = after(order, event);
        expect(now).toEqual(follow(...steps, 'cancel', event));
        expect(now.status).toBe('CANCELLING');
        expect(announcementOf(order, now)).toBe(announcement);
      }
    },
  );

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
  ['REJECTED', 'inventory.reserved'],
  ['RESERVED', 'inventory.out-of-stock'],
  ['PAID', 'payment.failed'],
  ['PAYMENT_FAILED', 'shipment.created'],
  ['SHIPPED', 'shipment.failed'],
  ['SHIPPED', 'payment.refunded'],
  ['SHIPPED', 'shipment.voided'],
  ['SHIPPED', 'inventory.released'],
  ['DELIVERED', 'payment.cancelled'],
  ['SHIPPED', 'shipment.cancelled'],
  ['REJECTED', 'shipment.not-cancelled'],
  ['CANCELLED', 'shipment.not-cancelled'],
  ['REFUNDED', 'shipment.created'],
  ['REJECTED', 'shipment.delivered'],
  ['FULFILMENT_FAILED', 'shipment.delivered'],
])('an order that is %s contradicts %s', (status, event) => {
  expect(() => after({ status, awaiting: [] }, event)).toThrow(ContradictionError);
});
