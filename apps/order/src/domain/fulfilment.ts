/**
 * The fulfilment process of an order: every status, what moves it there, and what may come late.
 *
 *     PLACED ──inventory.reserved──▶ RESERVED ──payment.processed──▶ PAID ──shipment.created──▶ SHIPPED
 *       │                               │                              │
 *       └─inventory.out-of-stock─▶ REJECTED                            └─shipment.failed─▶ FULFILMENT_FAILED
 *                                       └─payment.failed─▶ PAYMENT_FAILED
 *
 * Events come on several topics, so a later step may be heard of before an earlier one. A step implies those before
 * it: the order moves on at once, and the earlier event is noted when it comes.
 */
export type OrderStatus =
  'PLACED' | 'RESERVED' | 'PAID' | 'SHIPPED' | 'REJECTED' | 'PAYMENT_FAILED' | 'FULFILMENT_FAILED';

export type FulfilmentEvent =
  | 'inventory.reserved'
  | 'inventory.out-of-stock'
  | 'payment.processed'
  | 'payment.failed'
  | 'shipment.created'
  | 'shipment.failed';

interface Transition {
  readonly from: readonly OrderStatus[];
  readonly to: OrderStatus;
  /** Statuses that a later step has already led to; the event is noted and changes nothing. */
  readonly overtakenBy: readonly OrderStatus[];
}

const TRANSITIONS: Readonly<Record<FulfilmentEvent, Transition>> = {
  'inventory.reserved': {
    from: ['PLACED'],
    to: 'RESERVED',
    overtakenBy: ['PAID', 'SHIPPED', 'PAYMENT_FAILED', 'FULFILMENT_FAILED'],
  },
  'inventory.out-of-stock': { from: ['PLACED'], to: 'REJECTED', overtakenBy: [] },
  'payment.processed': {
    from: ['PLACED', 'RESERVED'],
    to: 'PAID',
    overtakenBy: ['SHIPPED', 'FULFILMENT_FAILED'],
  },
  'payment.failed': { from: ['PLACED', 'RESERVED'], to: 'PAYMENT_FAILED', overtakenBy: [] },
  'shipment.created': { from: ['PLACED', 'RESERVED', 'PAID'], to: 'SHIPPED', overtakenBy: [] },
  'shipment.failed': { from: ['PLACED', 'RESERVED', 'PAID'], to: 'FULFILMENT_FAILED', overtakenBy: [] },
};

/** An event that cannot be true of an order in its status, such as a payment for a rejected order. */
export class ContradictionError extends Error {
  override readonly name = 'ContradictionError';
}

/**
 * The status after an event; the same as before when a later step has overtaken it.
 *
 * @throws ContradictionError
 */
export function statusAfter(status: OrderStatus, event: FulfilmentEvent): OrderStatus {
  const { from, to, overtakenBy } = TRANSITIONS[event];
  if (from.includes(status)) return to;
  if (overtakenBy.includes(status)) return status;
  throw new ContradictionError(`${event} cannot happen to an order that is ${status}.`);
}

/** Statuses in which nothing more is to happen. */
export const FINAL_STATUSES: readonly OrderStatus[] = [
  'SHIPPED',
  'REJECTED',
  'PAYMENT_FAILED',
  'FULFILMENT_FAILED',
];
