/**
 * The fulfilment process of an order: every status, what moves it there, what undoes it, and what may come late.
 *
 *     PLACED ──inventory.reserved──▶ RESERVED ──payment.processed──▶ PAID ──shipment.created──▶ SHIPPED
 *       │                               │                              │
 *       └─inventory.out-of-stock─▶ REJECTED                            └─shipment.failed─▶ FULFILMENT_FAILED
 *                                       └─payment.failed─▶ PAYMENT_FAILED                         │
 *                                                                              payment.refunded ──┴──▶ REFUNDED
 *
 *     PLACED, RESERVED, PAID ──cancel──▶ CANCELLING ──everything is undone──▶ CANCELLED
 *
 * | status            | undone by                                                                                  |
 * | ----------------- | ------------------------------------------------------------------------------------------ |
 * | PAYMENT_FAILED    | inventory releases the stock                                                               |
 * | FULFILMENT_FAILED | inventory releases the stock, payment refunds the charge; then it is REFUNDED              |
 * | CANCELLING        | inventory releases the stock; payment refunds or never charges; shipping voids the label   |
 * |                   | or never buys it. When all three have said so, wherever they were, it is CANCELLED         |
 *
 * Events come on several topics, so a later step may be heard of before an earlier one. A step implies those before
 * it: the order moves on at once, and the earlier event is noted when it comes.
 */
export type OrderStatus =
  | 'PLACED'
  | 'RESERVED'
  | 'PAID'
  | 'SHIPPED'
  | 'REJECTED'
  | 'PAYMENT_FAILED'
  | 'FULFILMENT_FAILED'
  | 'REFUNDED'
  | 'CANCELLING'
  | 'CANCELLED';

export type FulfilmentEvent =
  | 'inventory.reserved'
  | 'inventory.out-of-stock'
  | 'inventory.released'
  | 'payment.processed'
  | 'payment.failed'
  | 'payment.refunded'
  | 'payment.cancelled'
  | 'shipment.created'
  | 'shipment.failed'
  | 'shipment.voided'
  | 'shipment.cancelled';

/** What has to be undone before a cancelled order is CANCELLED. */
export type Undoing = 'stock' | 'payment' | 'shipment';

/** Where an order is. */
export interface Fulfilment {
  readonly status: OrderStatus;
  /** What is not undone yet; empty unless the order is CANCELLING. */
  readonly awaiting: readonly Undoing[];
}

export const PLACED: Fulfilment = { status: 'PLACED', awaiting: [] };

/** An event moves an order on from some statuses, and is only noted in others. */
interface Transition {
  readonly from: readonly OrderStatus[];
  readonly to?: OrderStatus;
  readonly notedIn: readonly OrderStatus[];
  /** What the event says is undone, of an order that is CANCELLING. */
  readonly undoes?: Undoing;
}

const CANCELLED: readonly OrderStatus[] = ['CANCELLING', 'CANCELLED'];

const TRANSITIONS: Readonly<Record<FulfilmentEvent, Transition>> = {
  'inventory.reserved': {
    from: ['PLACED'],
    to: 'RESERVED',
    notedIn: ['PAID', 'SHIPPED', 'PAYMENT_FAILED', 'FULFILMENT_FAILED', 'REFUNDED', ...CANCELLED],
  },
  'inventory.out-of-stock': { from: ['PLACED'], to: 'REJECTED', notedIn: CANCELLED },
  'payment.processed': {
    from: ['PLACED', 'RESERVED'],
    to: 'PAID',
    notedIn: ['SHIPPED', 'FULFILMENT_FAILED', 'REFUNDED', ...CANCELLED],
  },
  'payment.failed': { from: ['PLACED', 'RESERVED'], to: 'PAYMENT_FAILED', notedIn: CANCELLED },
  'shipment.created': { from: ['PLACED', 'RESERVED', 'PAID'], to: 'SHIPPED', notedIn: CANCELLED },
  'shipment.failed': { from: ['PLACED', 'RESERVED', 'PAID'], to: 'FULFILMENT_FAILED', notedIn: CANCELLED },

  'inventory.released': {
    from: [],
    notedIn: ['PAYMENT_FAILED', 'FULFILMENT_FAILED', 'REFUNDED', 'CANCELLED'],
    undoes: 'stock',
  },
  'payment.refunded': {
    from: ['FULFILMENT_FAILED'],
    to: 'REFUNDED',
    notedIn: ['CANCELLED'],
    undoes: 'payment',
  },
  'payment.cancelled': { from: [], notedIn: ['CANCELLED'], undoes: 'payment' },
  'shipment.voided': { from: [], notedIn: ['CANCELLED'], undoes: 'shipment' },
  'shipment.cancelled': { from: [], notedIn: ['CANCELLED'], undoes: 'shipment' },
};

/** An event that cannot be true of an order in its status, such as a payment for a rejected order. */
export class ContradictionError extends Error {
  override readonly name = 'ContradictionError';
}

/**
 * Where an order is after an event; where it was when the event is only noted.
 *
 * @throws ContradictionError
 */
export function after(order: Fulfilment, event: FulfilmentEvent): Fulfilment {
  const { from, to, notedIn, undoes } = TRANSITIONS[event];
  if (to && from.includes(order.status)) return { status: to, awaiting: [] };
  if (undoes && order.status === 'CANCELLING') {
    const awaiting = order.awaiting.filter((undoing) => undoing !== undoes);
    return { status: awaiting.length === 0 ? 'CANCELLED' : 'CANCELLING', awaiting };
  }
  if (notedIn.includes(order.status)) return order;
  throw new ContradictionError(`${event} cannot happen to an order that is ${order.status}.`);
}

/** An order that has come too far to be cancelled, or has failed already. */
export class NotCancellableError extends Error {
  override readonly name = 'NotCancellableError';
}

/**
 * Where an order is after it was cancelled; where it was when it was cancelled before.
 *
 * @throws NotCancellableError
 */
export function cancel(order: Fulfilment): Fulfilment {
  if (CANCELLED.includes(order.status)) return order;
  if (!['PLACED', 'RESERVED', 'PAID'].includes(order.status))
    throw new NotCancellableError(`An order that is ${order.status} cannot be cancelled.`);
  return { status: 'CANCELLING', awaiting: ['stock', 'payment', 'shipment'] };
}
