/**
 * The fulfilment process of an order: every status, what moves it there, its deadline, what undoes it, and what may come
 * late.
 *
 *     PLACED ──inventory.reserved──▶ RESERVED ──payment.processed──▶ PAID ──shipment.created──▶ SHIPPED
 *       │                               │                              │                          │
 *       └─inventory.out-of-stock─▶ REJECTED                            │       shipment.delivered ┴─▶ DELIVERED
 *                                       └─payment.failed─▶ PAYMENT_FAILED
 *                                                                      └─shipment.failed─▶ FULFILMENT_FAILED
 *                                                                        payment.refunded ────────┴─▶ REFUNDED
 *
 *     PLACED, RESERVED, PAID ──cancel, or TIMEOUT──▶ CANCELLING ──everything is undone──▶ CANCELLED
 *
 * | status            | undone by                                                                                  |
 * | ----------------- | ------------------------------------------------------------------------------------------ |
 * | PAYMENT_FAILED    | inventory releases the stock                                                               |
 * | FULFILMENT_FAILED | inventory releases the stock, payment refunds the charge; then it is REFUNDED              |
 * | CANCELLING        | inventory releases the stock; payment refunds or never charges; shipping voids the label   |
 * |                   | or never buys it. When all three have said so, wherever they were, it is CANCELLED         |
 *
 * Nothing waits for ever: an order that has been in an unfinished status for longer than its deadline is nudged, that
 * is, the event it waits for an answer to is sent again, and whoever knows the order says again what it said. When that
 * does not help within the same time, the order is cancelled for TIMEOUT; one that is being undone is nudged again.
 *
 * Events come on several topics, so a later step may be heard of before an earlier one. A step implies those before
 * it: the order moves on at once, and the earlier event is noted when it comes.
 */
export const ORDER_STATUSES = [
  'PLACED',
  'RESERVED',
  'PAID',
  'SHIPPED',
  'DELIVERED',
  'REJECTED',
  'PAYMENT_FAILED',
  'FULFILMENT_FAILED',
  'REFUNDED',
  'CANCELLING',
  'CANCELLED',
] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

export type FulfilmentEvent =
  | 'inventory.reserved'
  | 'inventory.out-of-stock'
  | 'inventory.released'
  | 'payment.processed'
  | 'payment.failed'
  | 'payment.refunded'
  | 'payment.cancelled'
  | 'payment.postponed'
  | 'shipment.created'
  | 'shipment.delivered'
  | 'shipment.failed'
  | 'shipment.voided'
  | 'shipment.cancelled'
  | 'shipment.postponed';

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

const UNDER_WAY: ReadonlySet<OrderStatus> = new Set(['PLACED', 'RESERVED', 'PAID']);
const CANCELLED: readonly OrderStatus[] = ['CANCELLING', 'CANCELLED'];
const UNREFUNDED: readonly OrderStatus[] = ['FULFILMENT_FAILED', 'REFUNDED'];
const GONE: readonly OrderStatus[] = ['SHIPPED', 'DELIVERED'];

/** An event is also noted in the status it leads to: whoever is nudged says again what it said. */
const TRANSITIONS: Readonly<Record<FulfilmentEvent, Transition>> = {
  'inventory.reserved': {
    from: ['PLACED'],
    to: 'RESERVED',
    notedIn: ['RESERVED', 'PAID', ...GONE, 'PAYMENT_FAILED', ...UNREFUNDED, ...CANCELLED],
  },
  'inventory.out-of-stock': { from: ['PLACED'], to: 'REJECTED', notedIn: ['REJECTED', ...CANCELLED] },
  'payment.processed': {
    from: ['PLACED', 'RESERVED'],
    to: 'PAID',
    notedIn: ['PAID', ...GONE, ...UNREFUNDED, ...CANCELLED],
  },
  'payment.failed': {
    from: ['PLACED', 'RESERVED'],
    to: 'PAYMENT_FAILED',
    notedIn: ['PAYMENT_FAILED', ...CANCELLED],
  },
  'shipment.created': {
    from: ['PLACED', 'RESERVED', 'PAID'],
    to: 'SHIPPED',
    notedIn: [...GONE, ...CANCELLED],
  },
  'shipment.delivered': {
    from: ['SHIPPED'],
    to: 'DELIVERED',
    notedIn: ['DELIVERED', ...CANCELLED],
  },
  'shipment.failed': {
    from: ['PLACED', 'RESERVED', 'PAID'],
    to: 'FULFILMENT_FAILED',
    notedIn: [...UNREFUNDED, ...CANCELLED],
  },

  'inventory.released': {
    from: [],
    notedIn: ['PAYMENT_FAILED', ...UNREFUNDED, 'CANCELLED'],
    undoes: 'stock',
  },
  'payment.refunded': {
    from: ['FULFILMENT_FAILED'],
    to: 'REFUNDED',
    notedIn: ['REFUNDED', 'CANCELLED'],
    undoes: 'payment',
  },
  'payment.cancelled': { from: [], notedIn: ['CANCELLED'], undoes: 'payment' },
  'shipment.voided': { from: [], notedIn: ['CANCELLED'], undoes: 'shipment' },
  'shipment.cancelled': { from: [], notedIn: ['CANCELLED'], undoes: 'shipment' },

  // A partner is asked again. It is told on the way, and may be heard of late.
  'payment.postponed': { from: [], notedIn: ORDER_STATUSES },
  'shipment.postponed': { from: [], notedIn: ORDER_STATUSES },
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
  if (!UNDER_WAY.has(order.status))
    throw new NotCancellableError(`An order that is ${order.status} cannot be cancelled.`);
  return { status: 'CANCELLING', awaiting: ['stock', 'payment', 'shipment'] };
}

/** Statuses in which an order waits for others, and so has a deadline. */
export const WAITING = ['PLACED', 'RESERVED', 'PAID', 'FULFILMENT_FAILED', 'CANCELLING'] as const;
export type WaitingStatus = (typeof WAITING)[number];

export const isWaiting = (status: OrderStatus): status is WaitingStatus =>
  (WAITING as readonly OrderStatus[]).includes(status);

/** Milliseconds that an order may be in a status before it is nudged, and again until it is cancelled. */
export type Deadlines = Readonly<Record<WaitingStatus, number>>;

/** What is due of an order: nothing before the given time (milliseconds since 1970), or something now. */
export type Due =
  { readonly action: 'wait'; readonly until: number } | { readonly action: 'nudge' | 'time out' };

/**
 * What the passing of time makes of an order that waits.
 *
 * @param since when it came to its status, in milliseconds since 1970, as `now` is.
 * @param nudgedAt when it was last nudged in this status, if it was.
 */
export function whenDue(
  status: WaitingStatus,
  { since, nudgedAt }: { readonly since: number; readonly nudgedAt: number | undefined },
  deadlines: Deadlines,
  now: number,
): Due {
  const until = (nudgedAt ?? since) + deadlines[status];
  if (now < until) return { action: 'wait', until };
  // What is being undone cannot be given up: it is asked for until it is done.
  if (nudgedAt === undefined || !UNDER_WAY.has(status)) return { action: 'nudge' };
  return { action: 'time out' };
}
