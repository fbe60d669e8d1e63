/**
 * The fulfilment process of an order: every status, what moves it there, what is announced then, its deadline, what
 * undoes it, and what may come late.
 *
 *     PLACED ──inventory.reserved──▶ RESERVED ──payment.processed──▶ PAID ──shipment.created──▶ SHIPPED
 *       │                               │                              │                          │
 *       └─inventory.out-of-stock─▶ REJECTED                            │       shipment.delivered ┴─▶ DELIVERED
 *                                       └─payment.failed─▶ PAYMENT_FAILED
 *                                                                      └─shipment.failed─▶ FULFILMENT_FAILED
 *                                                                        payment.refunded ────────┴─▶ REFUNDED
 *
 *     PLACED, RESERVED, PAID ──cancel, or TIMEOUT──▶ CANCELLING ──everything is undone──▶ CANCELLED
 *                                                        └─shipment.not-cancelled─▶ SHIPPED or DELIVERED
 *
 * | status            | undone by                                                                                   |
 * | ----------------- | ------------------------------------------------------------------------------------------- |
 * | REJECTED          | payment refunds, or never charges, what was paid by hand                                    |
 * | PAYMENT_FAILED    | inventory releases the stock                                                                |
 * | FULFILMENT_FAILED | inventory releases the stock, payment refunds the charge; then it is REFUNDED               |
 * | CANCELLING        | first the parcel, on `order.cancelling`: shipping voids the label or never buys it; or it   |
 * |                   | is too late, and the order goes on. Then, on `order.cancellation-confirmed`, what can still |
 * |                   | be undone at any time: inventory releases the stock, payment refunds or never charges. When |
 * |                   | all three have said so it is CANCELLED                                                      |
 *
 * Nothing waits for ever: an order that has been in an unfinished status for longer than its deadline is nudged, that
 * is, the event it waits for an answer to is sent again, and whoever knows the order says again what it said. When that
 * does not help within the same time, the order is cancelled for TIMEOUT; one that is being undone is nudged again.
 *
 * Events come on several topics, so a later step may be heard of before an earlier one. A step implies those before
 * it: the order moves on at once, and the earlier event is noted when it comes. What another service has undone of an
 * order in progress implies that it was cancelled: this database was restored, and has forgotten.
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
  | 'shipment.not-cancelled'
  | 'shipment.postponed';

/** What has to be undone before a cancelled order is CANCELLED. */
export const UNDOINGS = ['stock', 'payment', 'shipment'] as const;
export type Undoing = (typeof UNDOINGS)[number];

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
  /** What the event says is undone, of an order that is CANCELLING or, to this database's knowledge, in progress. */
  readonly undoes?: Undoing;
  /** Says that the parcel cannot be kept back: an order that is CANCELLING and awaits its shipment moves on, too. */
  readonly isTooLateToCancel?: true;
}

const IN_PROGRESS = ['PLACED', 'RESERVED', 'PAID'] as const satisfies readonly OrderStatus[];
const CANCELLED: readonly OrderStatus[] = ['CANCELLING', 'CANCELLED'];
const UNREFUNDED: readonly OrderStatus[] = ['FULFILMENT_FAILED', 'REFUNDED'];
const GONE: readonly OrderStatus[] = ['SHIPPED', 'DELIVERED'];
/** Statuses of orders that are not shipped: whatever is undone for them is right. */
const UNDONE: readonly OrderStatus[] = ['REJECTED', 'PAYMENT_FAILED', ...UNREFUNDED, 'CANCELLED'];

const isInProgress = (status: OrderStatus): boolean =>
  (IN_PROGRESS as readonly OrderStatus[]).includes(status);

/** An event is also noted in the status it leads to: whoever is nudged says again what it said. */
const TRANSITIONS: Readonly<Record<FulfilmentEvent, Transition>> = {
  'inventory.reserved': {
    from: ['PLACED'],
    to: 'RESERVED',
    notedIn: ['RESERVED', 'PAID', ...GONE, 'PAYMENT_FAILED', ...UNREFUNDED, ...CANCELLED],
  },
  'inventory.out-of-stock': { from: ['PLACED'], to: 'REJECTED', notedIn: ['REJECTED', ...CANCELLED] },
  // An order may have been paid by hand before it turns out of stock.
  'payment.processed': {
    from: ['PLACED', 'RESERVED'],
    to: 'PAID',
    notedIn: ['PAID', ...GONE, 'REJECTED', ...UNREFUNDED, ...CANCELLED],
  },
  'payment.failed': {
    from: ['PLACED', 'RESERVED'],
    to: 'PAYMENT_FAILED',
    notedIn: ['PAYMENT_FAILED', 'REJECTED', ...CANCELLED],
  },
  'shipment.created': { from: IN_PROGRESS, to: 'SHIPPED', notedIn: [...GONE, ...CANCELLED] },
  'shipment.delivered': {
    from: [...IN_PROGRESS, 'SHIPPED'],
    to: 'DELIVERED',
    notedIn: ['DELIVERED', ...CANCELLED],
    isTooLateToCancel: true,
  },
  'shipment.failed': {
    from: IN_PROGRESS,
    to: 'FULFILMENT_FAILED',
    notedIn: [...UNREFUNDED, ...CANCELLED],
  },

  'inventory.released': { from: [], notedIn: UNDONE, undoes: 'stock' },
  'payment.refunded': { from: ['FULFILMENT_FAILED'], to: 'REFUNDED', notedIn: UNDONE, undoes: 'payment' },
  'payment.cancelled': { from: ['FULFILMENT_FAILED'], to: 'REFUNDED', notedIn: UNDONE, undoes: 'payment' },
  'shipment.voided': { from: [], notedIn: UNDONE, undoes: 'shipment' },
  'shipment.cancelled': { from: [], notedIn: UNDONE, undoes: 'shipment' },
  'shipment.not-cancelled': { from: IN_PROGRESS, to: 'SHIPPED', notedIn: GONE, isTooLateToCancel: true },

  // A partner is asked again. It is announced on the way, and may be heard of late.
  'payment.postponed': { from: [], notedIn: ORDER_STATUSES },
  'shipment.postponed': { from: [], notedIn: ORDER_STATUSES },
};

/** An event that cannot be true of an order in its status, such as a shipment of a rejected order. */
export class ContradictionError extends Error {
  override readonly name = 'ContradictionError';
}

/**
 * Where an order is after an event; where it was when the event is only noted.
 *
 * @throws ContradictionError
 */
export function after(order: Fulfilment, event: FulfilmentEvent): Fulfilment {
  const { from, to, notedIn, undoes, isTooLateToCancel } = TRANSITIONS[event];
  const isTooLate = isTooLateToCancel && order.status === 'CANCELLING' && order.awaiting.includes('shipment');
  if (to && (isTooLate || from.includes(order.status))) return { status: to, awaiting: [] };
  if (undoes && (order.status === 'CANCELLING' || isInProgress(order.status))) {
    const awaiting = cancel(order).awaiting.filter((undoing) => undoing !== undoes);
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
  if (!isInProgress(order.status))
    throw new NotCancellableError(`An order that is ${order.status} cannot be cancelled.`);
  return { status: 'CANCELLING', awaiting: UNDOINGS };
}

/** Types of the events by which an order announces that it has come to a status. */
const ANNOUNCEMENTS = {
  RESERVED: 'order.reserved',
  PAID: 'order.paid',
  SHIPPED: 'order.shipped',
  DELIVERED: 'order.delivered',
  REJECTED: 'order.rejected',
  PAYMENT_FAILED: 'order.payment-failed',
  FULFILMENT_FAILED: 'order.fulfilment-failed',
  REFUNDED: 'order.refunded',
  CANCELLED: 'order.cancelled',
} as const;
export type Announcement =
  | (typeof ANNOUNCEMENTS)[keyof typeof ANNOUNCEMENTS]
  | 'order.created'
  | 'order.cancelling'
  | 'order.cancellation-confirmed'
  | 'order.cancellation-refused';

/** What is announced when an order comes from one place to another; undefined when nothing is. */
export function announcementOf(before: Fulfilment, now: Fulfilment): Announcement | undefined {
  const isParcelKept = before.awaiting.includes('shipment') && !now.awaiting.includes('shipment');
  if (now.status === 'CANCELLING')
    return before.status !== 'CANCELLING' || isParcelKept ? awaitedAnswerTo(now) : undefined;
  if (now.status === before.status || now.status === 'PLACED') return undefined;
  if (before.status === 'CANCELLING' && now.status !== 'CANCELLED') return 'order.cancellation-refused';
  return ANNOUNCEMENTS[now.status];
}

/** The event that an order waits for an answer to: it is sent again when the order is nudged. */
export function awaitedAnswerTo({ status, awaiting }: Fulfilment): Announcement {
  if (status === 'FULFILMENT_FAILED') return ANNOUNCEMENTS[status];
  if (status !== 'CANCELLING') return 'order.created';
  return awaiting.includes('shipment') ? 'order.cancelling' : 'order.cancellation-confirmed';
}

/** Statuses in which an order waits for others, and so has a deadline. */
export const WAITING = ['PLACED', 'RESERVED', 'PAID', 'FULFILMENT_FAILED', 'CANCELLING'] as const;
export type WaitingStatus = (typeof WAITING)[number];

export const isWaiting = (status: OrderStatus): status is WaitingStatus =>
  (WAITING as readonly OrderStatus[]).includes(status);

/** Milliseconds that an order may be in a status before it is nudged, and again until it is cancelled. */
export type Deadlines = Readonly<Record<WaitingStatus, number>>;

/**
 * When an order that is in a status now is to be looked at, at the latest: while all goes well nobody notes that it has
 * come to another one, whose deadline may be the shorter.
 *
 * @param until its deadline in that status, and `now`, in milliseconds since 1970.
 */
export const nextCheckAt = (until: number, deadlines: Deadlines, now: number): number =>
  Math.min(until, now + Math.min(...Object.values(deadlines)));

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
  if (nudgedAt === undefined || !isInProgress(status)) return { action: 'nudge' };
  return { action: 'time out' };
}
