import type { Accepted } from '../load/shopping.js';
import { ADDRESS } from '../load/order-kinds.js';
import { STRANGER } from '../load/poison-message.js';
import { FAULT_KINDS, type Service } from '../plan/fault.js';
import { decisionsNotKept } from './decisions.js';
import { emptiness } from './emptiness.js';
import type { Evidence, Message } from './evidence.js';
import { violationsOf } from './invariants.js';
import { Responses } from './responses.js';

const TEA = 'tea';
const INITIAL = 100;
const TOTAL = 500;

/** How the order's story goes to each end, and what stays in the books of the others. */
const STORIES = {
  DELIVERED: {
    statuses: ['PLACED', 'RESERVED', 'PAID', 'SHIPPED', 'DELIVERED'],
    charged: true,
    refunded: false,
    label: 'CREATED',
  },
  REJECTED: { statuses: ['PLACED', 'REJECTED'], charged: false, refunded: false, label: undefined },
  REFUNDED: {
    statuses: ['PLACED', 'RESERVED', 'PAID', 'FULFILMENT_FAILED', 'REFUNDED'],
    charged: true,
    refunded: true,
    label: undefined,
  },
  CANCELLED: {
    statuses: ['PLACED', 'RESERVED', 'PAID', 'CANCELLING', 'CANCELLED'],
    charged: true,
    refunded: true,
    label: 'VOIDED',
  },
  /** Not at its end, and its parcel is delivered. */
  CANCELLING: {
    statuses: ['PLACED', 'RESERVED', 'PAID', 'CANCELLING'],
    charged: true,
    refunded: true,
    label: 'DELIVERED',
  },
  /** Not at its end. */
  PAID: { statuses: ['PLACED', 'RESERVED', 'PAID'], charged: true, refunded: true, label: undefined },
} as const;

/** Evidence of a shop that did all as it should; what is wrong is added by the test. */
class Books {
  readonly accepted = new Map<string, Accepted>();
  readonly orders: Evidence['orders'][number][] = [];
  readonly timeline: Evidence['timeline'][number][] = [];
  readonly reservations: Evidence['reservations'][number][] = [];
  readonly charges: Evidence['charges'][number][] = [];
  readonly refunds: Evidence['refunds'][number][] = [];
  readonly labels: Evidence['labels'][number][] = [];
  readonly letters: Evidence['letters'][number][] = [];
  readonly payments: Evidence['payments'][number][] = [];
  readonly shipments: Evidence['shipments'][number][] = [];
  messagesWereLost = false;
  readonly restored = new Set<Service>();
  readonly messages: Message[] = [];
  readonly outboxes = new Map([
    ['order', 0],
    ['payment', 0],
  ]);
  readonly inboxes = {
    order: new Set<string>(),
    inventory: new Set<string>(),
    payment: new Set<string>(),
    shipping: new Set<string>(),
  };
  stock = { productId: TEA, onHand: INITIAL, reserved: 0, shipped: 0 };
  readonly held = new Map<string, number>();

  order(id: string, end: keyof typeof STORIES): this {
    const { statuses, charged, refunded, label } = STORIES[end];
    const kind = end === 'DELIVERED' ? 'good' : 'poison at a partner';
    this.accepted.set(id, { kind: end === 'REJECTED' ? 'out of stock' : kind, key: `key of ${id}` });
    this.orders.push({ id, status: end, reason: null, total: TOTAL, version: statuses.length });
    for (const [index, status] of statuses.entries()) {
      const messageId = `${id}-${status}`;
      this.timeline.push({ orderId: id, position: index + 1, cause: `to ${status}`, status, messageId });
      this.sends(messageId, `order.${status}`, id, 'inventory');
    }
    if (charged) this.charges.push({ reference: id, status: 'succeeded', amount: TOTAL });
    if (refunded) this.refunds.push({ reference: id, amount: TOTAL });
    if (label) this.label(id, label);
    this.ownRows(id, end);
    if (end === 'DELIVERED') {
      this.stock.onHand--;
      this.stock.shipped++;
    }
    return this;
  }

  label(orderId: string, status: string, recipient: Record<string, string> = {}): this {
    this.labels.push({ orderId, status, recipient });
    return this;
  }

  ownRows(orderId: string, end: keyof typeof STORIES): void {
    const { charged, label } = STORIES[end];
    const isKept = end === 'DELIVERED';
    const charge = charged ? 'REFUNDED' : 'UNPAID';
    this.payments.push({ orderId, status: isKept ? 'SUCCEEDED' : charge });
    this.reservations.push({ orderId, status: isKept ? 'SHIPPED' : 'RELEASED' });
    if (label) this.shipments.push({ orderId, status: isKept ? 'DELIVERED' : 'VOIDED' });
  }

  /** A message on a topic, handled by a service unless it is not told which. */
  sends(id: string, type: string, key: string, handledBy?: keyof Books['inboxes']): this {
    this.messages.push({ place: 'a-topic', id, type, key, source: 'ours', dead: undefined });
    if (handledBy) this.inboxes[handledBy].add(id);
    return this;
  }

  /** Of a message that nobody can handle. */
  deadLetter(place: string, id: string, type: string, key: string, consumer: string, reason: string): this {
    this.messages.push({ place, id, type, key, source: STRANGER, dead: { consumer, reason } });
    return this.atDesk(id, consumer, key, 'OPEN', reason);
  }

  sentBy(id: string, source: string): void {
    for (const [index, message] of this.messages.entries())
      if (message.id === id) this.messages[index] = { ...message, source };
  }

  atDesk(eventId: string, consumer: string, orderId: string, state: string, reason: string): this {
    const id = `letter ${this.letters.length}`;
    this.letters.push({ id, eventId, consumer, orderId, type: null, state, reason });
    return this;
  }

  get violations(): string[] {
    const { accepted, inboxes, stock, messagesWereLost, restored, ...rows } = this;
    const evidence = {
      ...rows,
      stock: [stock],
      inboxes: new Map(Object.entries(inboxes) as [keyof typeof inboxes, Set<string>][]),
    };
    const circumstances = { messagesWereLost, restored };
    return violationsOf(evidence, accepted, new Map([[TEA, INITIAL]]), circumstances);
  }

  /** The invariants that are violated, each once. */
  get violated(): string[] {
    return [...new Set(this.violations.map((violation) => violation.replace(/:.*/s, '')))];
  }
}

let books: Books;
beforeEach(() => {
  books = new Books()
    .order('a', 'DELIVERED')
    .order('b', 'CANCELLED')
    .order('c', 'REJECTED')
    .order('d', 'REFUNDED');
});

test('when all is as it should be, then nothing is violated', () => {
  expect(books.violations).toEqual([]);
});

describe('I1: stock', () => {
  test('when pieces are gone, then the sum is wrong', () => {
    books.stock.onHand--;
    expect(books.violated).toEqual(['I1']);
  });

  test('when more was shipped than there was, then stock is negative, though the sum is right', () => {
    books.stock = { productId: TEA, onHand: -1, reserved: 0, shipped: INITIAL + 1 };
    expect(books.violations).toEqual([expect.stringMatching(/^I1: negative stock/)]);
  });

  test('when more is reserved than is on hand, then free stock is negative', () => {
    books.stock = { productId: TEA, onHand: 3, reserved: 5, shipped: INITIAL - 3 };
    books.held.set(TEA, 5);
    expect(books.violations).toEqual([expect.stringMatching(/^I1: negative stock/)]);
  });

  test('when stock is reserved that no reservation holds, then it is for ever', () => {
    books.stock.reserved = 2;
    expect(books.violations).toEqual([expect.stringMatching(/^I1: reservations hold 0/)]);
  });

  test('given a reservation that holds the stock, then that is right', () => {
    books.stock.reserved = 2;
    books.held.set(TEA, 2);
    expect(books.violations).toEqual([]);
  });
});

describe('I2: money', () => {
  test('when an order was charged twice, then there are two captures, even if one was refunded', () => {
    books.charges.push({ reference: 'a', status: 'succeeded', amount: TOTAL });
    books.refunds.push({ reference: 'a', amount: TOTAL });
    expect(books.violations).toEqual([expect.stringMatching(/^I2: 2 captures/)]);
  });

  test('when a shipped order was not charged', () => {
    books.charges.splice(0, 1);
    expect(books.violated).toEqual(['I2']);
  });

  test('when a rejected order was charged', () => {
    books.charges.push({ reference: 'c', status: 'succeeded', amount: TOTAL });
    expect(books.violated).toEqual(['I2']);
  });

  test('when less than the charge was refunded', () => {
    books.refunds.splice(0, 2, { reference: 'd', amount: TOTAL - 1 }, { reference: 'b', amount: TOTAL });
    expect(books.violations).toEqual([expect.stringMatching(/^I2: net 1 instead of 0 of order d/)]);
  });

  test('given a refund that an operator has given up, then the money was given back without the gateway', () => {
    books.refunds.splice(1, 1);
    expect(books.violated).toEqual(['I2']);
    books.accepted.set('d', { kind: 'never refunded', key: 'd' });
    expect(books.violations).toEqual([]);
  });

  test('when something was charged that is no order', () => {
    books.charges.push({ reference: 'x', status: 'succeeded', amount: 1 });
    expect(books.violated).toEqual(['I2']);
  });

  test('given a declined charge, then no money has moved', () => {
    books.charges.push({ reference: 'c', status: 'declined', amount: TOTAL });
    expect(books.violations).toEqual([]);
  });
});

describe('I3: what was accepted exists, and nothing else', () => {
  test('when an order was accepted and does not exist', () => {
    books.accepted.set('x', { kind: 'good', key: 'lost' });
    expect(books.violated).toEqual(['I3']);
  });

  test('when an order exists that was not accepted', () => {
    books.accepted.delete('c');
    expect(books.violated).toEqual(['I3']);
  });
});

describe('I4: shipped is one live label', () => {
  test('when a shipped order has no label', () => {
    books.labels.splice(0, 1);
    expect(books.violated).toEqual(['I4']);
  });

  test('when a shipped order has two', () => {
    books.label('a', 'CREATED');
    expect(books.violated).toEqual(['I4']);
  });

  test('when an order that is not shipped has one', () => {
    books.label('d', 'CREATED');
    expect(books.violated).toEqual(['I4']);
  });

  test('when a parcel is delivered that was to be cancelled, then asking an operator is not enough', () => {
    books.order('f', 'CANCELLING');
    expect(books.violated).toEqual(['I4', 'I5']);
    books.atDesk('f-event', 'shipping', 'f', 'OPEN', 'The parcel is delivered.');
    expect(books.violated).toEqual(['I4']);
  });

  test('when there is a label of no order', () => {
    books.label('x', 'CREATED');
    expect(books.violated).toEqual(['I4']);
  });
});

describe('I5: every order comes to its end, or is parked with a reason', () => {
  beforeEach(() => books.order('e', 'PAID').sends('e-event', 'some.event', 'e'));

  test('when an order stays under way', () => {
    expect(books.violated).toEqual(['I5']);
  });

  test('given a dead letter of it on Kafka, then it is parked', () => {
    books.deadLetter('orders.shipping.dlt', 'e-event', 'some.event', 'e', 'shipping', 'no such address');
    expect(books.violations).toEqual([]);
  });

  test('given a dead letter of it on the backout queue, then it is parked', () => {
    books.deadLetter('INVENTORY.EVENTS.BOQ', 'e-event', 'some.event', 'e', 'payment', 'no such currency');
    expect(books.violations).toEqual([]);
  });

  test('given an open letter of it at the desk, then it is parked', () => {
    books.atDesk('e-event', 'shipping', 'e', 'OPEN', 'no such address');
    expect(books.violations).toEqual([]);
  });

  test('given a dead letter without a reason, then it is not', () => {
    books.deadLetter('orders.shipping.dlt', 'e-event', 'some.event', 'e', 'shipping', '');
    expect(books.violated).toEqual(['I5']);
  });

  test('given a letter that was sent again, then it waits for nobody', () => {
    books.atDesk('e-event', 'shipping', 'e', 'REDRIVEN', 'no such address');
    expect(books.violated).toEqual(['I5']);
  });

  test('given a dead letter of another order, then it is none of its', () => {
    books.atDesk('a-event', 'shipping', 'a', 'OPEN', 'no such address');
    expect(books.violated).toEqual(['I5']);
  });
});

describe('I6: cancelled leaves nothing', () => {
  test('when it still holds stock', () => {
    books.reservations.push({ orderId: 'b', status: 'RESERVED' });
    expect(books.violated).toEqual(['I6', 'I11']);
  });

  test('when it still has money, then that is I2 as well', () => {
    books.refunds.splice(0, 1);
    expect(books.violated).toEqual(['I2, I6']);
  });

  test('when it still has a live label, then that is I4 as well', () => {
    books.label('b', 'CREATED');
    expect(books.violated).toEqual(['I4, I6']);
  });

  test('when a cancellation was answered with 200 and the order was shipped', () => {
    books.accepted.set('a', { kind: 'good', key: 'a', cancelled: 200 });
    expect(books.violated).toEqual(['I6']);
  });

  test('given a cancellation that was refused, then it may ship', () => {
    books.accepted.set('a', { kind: 'good', key: 'a', cancelled: 409 });
    expect(books.violations).toEqual([]);
  });

  test('given a cancellation that came too late, then the customer is told', () => {
    books.accepted.set('a', { kind: 'good', key: 'a', cancelled: 200 });
    books.sends('a-refused', 'order.cancellation-refused', 'a');
    expect(books.violations).toEqual([]);
  });

  test('when a customer is told that it is too late, and the order is cancelled', () => {
    books.sends('b-refused', 'order.cancellation-refused', 'b');
    expect(books.violated).toEqual(['I6']);
  });
});

describe('I7: only allowed transitions', () => {
  const stepOf = (id: string, status: string) =>
    books.timeline.findIndex((step) => step.orderId === id && step.status === status);
  const becomes = (id: string, from: string, to: string) => {
    const index = stepOf(id, from);
    books.timeline.splice(index, 1, {
      ...(books.timeline[index] as Evidence['timeline'][number]),
      status: to,
    });
  };

  test('when an order went where it may not go', () => {
    becomes('d', 'FULFILMENT_FAILED', 'CANCELLING');
    expect(books.violations).toEqual([expect.stringMatching(/^I7: CANCELLING → REFUNDED of order d/)]);
  });

  test('when it left an end', () => {
    becomes('b', 'CANCELLING', 'REJECTED');
    expect(books.violated).toEqual(['I7']);
  });

  test('when a step is missing', () => {
    books.timeline.splice(stepOf('a', 'RESERVED'), 1);
    expect(books.violations).toEqual([expect.stringMatching(/^I7: a gap/)]);
  });

  test('when the story does not begin with PLACED', () => {
    becomes('a', 'PLACED', 'RESERVED');
    expect(books.violations).toEqual([expect.stringMatching(/does not begin with PLACED$/)]);
  });

  test('when the story ends otherwise than the order', () => {
    becomes('a', 'DELIVERED', 'SHIPPED');
    expect(books.violations).toEqual([expect.stringMatching(/^I7: the timeline does not end as/)]);
  });
});

describe('I8: produced is processed and dead-lettered', () => {
  test.each(['order', 'the dead-letter desk'])('when messages are left in the outbox of %s', (owner) => {
    books.outboxes.set(owner, 1);
    expect(books.violated).toEqual(['I8']);
  });

  test('when a service that handles a type has not handled one of them', () => {
    books.sends('m1', 'payment.processed', 'a', 'shipping').sends('m2', 'payment.processed', 'b');
    expect(books.violations).toEqual(['I8: shipping has not handled payment.processed m2 of a-topic']);
  });

  test.each([
    ['payments.shipping.dlt', 'shipping'],
    ['INVENTORY.EVENTS.BOQ', 'payment'],
  ] as const)('given the dead letter on %s, then it is accounted for', (place, consumer) => {
    books.sends('m1', 'an.event', 'a', consumer).sends('m2', 'an.event', 'b');
    books.deadLetter(place, 'm2', 'an.event', 'b', consumer, 'unreadable');
    expect(books.violations).toEqual([]);
  });

  test('given a dead letter of one service, then another one still has to handle the message', () => {
    books.sends('m1', 'an.event', 'a', 'shipping').sends('m2', 'an.event', 'b');
    books.deadLetter('payments.order.dlt', 'm2', 'an.event', 'b', 'order', 'unreadable');
    expect(books.violated).toEqual(['I8']);
  });

  test('when a message was handled and is a dead letter, too', () => {
    books.sends('m1', 'an.event', 'a', 'payment');
    books.deadLetter('INVENTORY.EVENTS.BOQ', 'm1', 'an.event', 'a', 'payment', 'unreadable');
    expect(books.violated).toEqual(['I8']);
  });

  test('when the desk does not know a dead letter', () => {
    books.sends('m1', 'payment.processed', 'a');
    books.deadLetter('payments.shipping.dlt', 'm1', 'payment.processed', 'a', 'shipping', 'wrong');
    books.letters.pop();
    books.atDesk('m1', 'order', 'a', 'OPEN', 'wrong');
    expect(books.violations).toEqual([
      'I8: the desk lacks payment.processed m1 of payments.shipping.dlt for shipping',
    ]);
  });

  test('when something was handled that was never sent', () => {
    books.inboxes.payment.add('x');
    expect(books.violated).toEqual(['I8']);
  });

  test('given that topics were deleted, then messages may be nowhere', () => {
    books.inboxes.payment.add('x');
    books.messagesWereLost = true;
    books.messages.splice(0, 1);
    expect(books.violations).toEqual([]);
  });

  test.each(['REDRIVEN', 'GIVEN_UP'])('given a dead letter that is %s, then it may be handled', (state) => {
    books.sends('m1', 'charge.requested', 'a', 'payment');
    books.deadLetter('orders.payment.dlt', 'm1', 'charge.requested', 'a', 'payment', 'unusable answer');
    expect(books.violated).toEqual(['I8']);
    books.letters.pop();
    books.atDesk('m1', 'payment', 'a', state, 'unusable answer');
    expect(books.violations).toEqual([]);
  });

  test('when the timeline tells of a message that was never sent', () => {
    books.messages.splice(0, 1);
    books.inboxes.inventory.delete('a-PLACED');
    expect(books.violated).toEqual(['I8']);
  });
});

describe('I9: the same key, the same response', () => {
  const response = { orderId: 'a', status: 'PLACED' };

  test('given the same response again, and others to other keys, then that is right', () => {
    const responses = new Responses();
    expect(responses.add('k', response)).toBeUndefined();
    expect(responses.add('other', { ...response, orderId: 'b' })).toBeUndefined();
    expect(responses.add('k', { ...response })).toBeUndefined();
  });

  test.each([
    ['another order', { ...response, orderId: 'b' }],
    ['another status', { ...response, status: 'SHIPPED' }],
    ['nothing', undefined],
  ])('when the second response is %s', (_, second) => {
    const responses = new Responses();
    responses.add('k', response);
    expect(responses.add('k', second)).toMatch(/^I9: key k got/);
  });

  test('when the first one was empty and the second is not', () => {
    const responses = new Responses();
    responses.add('k', undefined);
    expect(responses.add('k', response)).toMatch(/^I9/);
  });
});

describe("I11: the services' own rows agree with the order's end", () => {
  test.each([
    ['payments', 'c', 'SUCCEEDED'],
    ['payments', 'd', 'REFUNDING'],
    ['payments', 'a', 'REFUNDED'],
    ['reservations', 'a', 'RESERVED'],
    ['reservations', 'a', 'RELEASED'],
    ['reservations', 'd', 'RESERVED'],
    ['shipments', 'b', 'VOIDING'],
    ['shipments', 'a', 'VOIDED'],
  ] as const)('when %s of %s is %s', (table, orderId, status) => {
    const index = books[table].findIndex((row) => row.orderId === orderId);
    books[table].splice(index, 1, { orderId, status });
    expect(books.violated).toEqual(['I11']);
  });

  test('when a payment by hand was taken of an order without stock', () => {
    books.charges.push({ reference: 'c', status: 'succeeded', amount: TOTAL });
    const index = books.payments.findIndex(({ orderId }) => orderId === 'c');
    books.payments.splice(index, 1, { orderId: 'c', status: 'SUCCEEDED' });
    expect(books.violated).toEqual(['I2', 'I11']);
  });

  test.each(['payments', 'reservations', 'shipments'] as const)(
    'when %s has no row of a shipped order',
    (table) => {
      books[table].splice(0, 1);
      expect(books.violated).toEqual(['I11']);
    },
  );

  test('given that nothing is known of an order that was cancelled, then that is right', () => {
    for (const table of ['payments', 'reservations', 'shipments'] as const)
      books[table].splice(
        books[table].findIndex(({ orderId }) => orderId === 'b'),
        1,
      );
    expect(books.violations).toEqual([]);
  });
});

describe('I12: the carrier has read the address as it was ordered', () => {
  const shipTo = { ...ADDRESS, street: '<![CDATA[1 Market Street]]>' };
  beforeEach(() => {
    books.accepted.set('a', { kind: 'XML as text', key: 'a', shipTo });
    books.labels.shift();
  });

  test('given the same text, then that is right', () => {
    books.label('a', 'CREATED', shipTo);
    expect(books.violations).toEqual([]);
  });

  test('when it has read another street', () => {
    books.label('a', 'CREATED', { ...shipTo, street: '1 Market Street' });
    expect(books.violated).toEqual(['I12']);
  });
});

describe('I13: what can be handled is no dead letter', () => {
  test('when a message of ours is one', () => {
    books.sends('m1', 'an.event', 'a');
    books.deadLetter(
      'orders.shipping.dlt',
      'm1',
      'an.event',
      'a',
      'shipping',
      'password authentication failed',
    );
    expect(books.violations).toEqual([]);
    books.sentBy('m1', 'ours');
    expect(books.violated).toEqual(['I13']);
  });

  test('given a work item that waits for an operator, then that is right', () => {
    books.deadLetter('orders.payment.dlt', 'm1', 'charge.requested', 'a', 'payment', 'unusable answer');
    books.sentBy('m1', 'ours');
    expect(books.violations).toEqual([]);
  });
});

describe('I14: nothing is believed that was not said', () => {
  test.each([
    ['good', 'REFUNDED', 'd'],
    ['out of stock', 'DELIVERED', 'a'],
    ['declined', 'REFUNDED', 'd'],
    ['refused by the carrier', 'DELIVERED', 'a'],
    ['XML as text', 'REJECTED', 'c'],
  ] as const)('when an order that is %s ends %s', (kind, _, id) => {
    books.accepted.set(id, { kind, key: id });
    expect(books.violated).toEqual(['I14']);
  });

  test('given that it was cancelled, or hurts itself at a partner, then it may end so', () => {
    books.accepted.set('b', { kind: 'good', key: 'b' });
    books.accepted.set('d', { kind: 'poison at a partner', key: 'd' });
    expect(books.violations).toEqual([]);
  });
});

describe('given a database that was restored to an older copy', () => {
  test('when order has forgotten an order, then its charge is given back, and its label void', () => {
    books.restored.add('order');
    books.messagesWereLost = true;
    books.accepted.set('x', { kind: 'good', key: 'forgotten' });
    books.charges.push({ reference: 'x', status: 'succeeded', amount: TOTAL });
    books.label('x', 'BOOKED');
    expect(books.violated).toEqual(['I2', 'I4']);
    books.refunds.push({ reference: 'x', amount: TOTAL });
    books.labels.pop();
    books.label('x', 'VOIDED');
    expect(books.violations).toEqual([]);
    books.refunds.pop();
    books.accepted.set('x', { kind: 'never refunded', key: 'forgotten' });
    expect(books.violations).toEqual([]);
  });

  test('when the parcel of an order that was forgotten is delivered, then a person is asked', () => {
    books.restored.add('order');
    books.messagesWereLost = true;
    books.charges.push({ reference: 'x', status: 'succeeded', amount: TOTAL });
    books.label('x', 'BOOKED');
    books.shipments.push({ orderId: 'x', status: 'DELIVERED' });
    expect(books.violated).toEqual(['I2', 'I4']);
    books.letters.push({
      id: 'x-letter',
      eventId: 'x-event',
      consumer: 'shipping',
      orderId: 'x',
      type: 'order.state-reported',
      state: 'OPEN',
      reason: 'decide',
    });
    expect(books.violations).toEqual([]);
  });

  test('when payment charges again what it has forgotten', () => {
    books.restored.add('payment');
    books.charges.push({ reference: 'a', status: 'succeeded', amount: TOTAL });
    books.refunds.push({ reference: 'a', amount: TOTAL });
    expect(books.violations).toEqual([expect.stringMatching(/^I2: 2 captures/)]);
  });

  test('when inventory never closes the reservation of a shipped order', () => {
    books.restored.add('inventory');
    books.reservations.splice(0, 1, { orderId: 'a', status: 'RESERVED' });
    expect(books.violated).toEqual(['I11']);
  });
});

describe('what the desk has confirmed', () => {
  beforeEach(() => books.atDesk('m1', 'shipping', 'a', 'DISCARDED', 'wrong'));

  test('given that it is so, then that is right', () => {
    expect(decisionsNotKept(new Map([['letter 0', 'DISCARDED']]), books)).toEqual([]);
  });

  test('when it is otherwise', () => {
    const decisions = new Map([['letter 0', 'REDRIVEN'] as const, ['letter 1', 'DISCARDED'] as const]);
    expect(decisionsNotKept(decisions, books)).toEqual([
      'desk: letter 0 was REDRIVEN and is DISCARDED',
      'desk: letter 1 was DISCARDED and is unknown',
    ]);
  });
});

describe('I10: the run was not empty', () => {
  const happened = { placed: 100, succeeded: 90, poison: 10, decisions: 10 };
  const faults = FAULT_KINDS.map((kind) => ({ kind, fired: true }));

  test('when every fault happened and half of the orders succeeded, then it was not', () => {
    const never = { kind: 'kill', fired: false } as const;
    expect(emptiness({ ...happened, faults: [...faults, never], succeeded: 50 })).toEqual([]);
  });

  test.each(FAULT_KINDS)('when %s never happened', (kind) => {
    const without = faults.map((fault) => (fault.kind === kind ? { kind, fired: false } : fault));
    expect(emptiness({ ...happened, faults: without })).toEqual([
      `I10: ${kind} was planned and never happened`,
    ]);
  });

  test('when fewer than half of the orders succeeded', () => {
    expect(emptiness({ ...happened, faults, succeeded: 49 })).toEqual([
      'I10: only 49 of 100 orders succeeded',
    ]);
  });

  test('when no order was placed', () => {
    expect(emptiness({ ...happened, faults, placed: 0, succeeded: 0 })).toEqual(['I10: no order was placed']);
  });

  test('when there was nothing for the dead-letter desk', () => {
    expect(emptiness({ ...happened, faults, poison: 0, decisions: 0 })).toEqual([
      'I10: no message was put that nobody can handle',
      'I10: no dead letter was decided on',
    ]);
  });
});

test('many findings of one invariant are told in few lines', () => {
  for (let number = 0; number < 20; number++)
    books.charges.push({ reference: `x${number}`, status: 'succeeded', amount: 1 });
  expect(books.violations).toHaveLength(6);
  expect(books.violations.at(-1)).toBe('I2: and 15 more');
});
