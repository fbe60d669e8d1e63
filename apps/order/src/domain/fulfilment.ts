/**
 * The fulfilment process of an order: every status, what moves it there, what undoes it, and what may come late.
 *
 *     PLACED ──inventory.reserved──▶ RESERVED ──payment.processed──▶ PAID ──shipment.created──▶ SHIPPED
 *       │                               │                              │
 *       └─inventory.out-of-stock─▶ REJECTED                            └─shipment.failed─▶ FULFILMENT_FAILED
 *                                       └─payment.failed─▶ PAYMENT_FAILED                         │
 *                                                                              payment.refunded ──┴──▶ REFUNDED
 *
 * | status            | undone by                                                                      |
 * | ----------------- | ------------------------------------------------------------------------------ |
 * | PAYMENT_FAILED    | inventory releases the stock                                                   |
 * | FULFILMENT_FAILED | inventory releases the stock, payment refunds the charge; then it is REFUNDED  |
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
  | 'REFUNDED';

export type FulfilmentEvent =
  | 'inventory.reserved'
  | 'inventory.out-of-stock'
  | 'inventory.released'
  | 'payment.processed'
  | 'payment.failed'
  | 'payment.refunded'
  | 'shipment.created'
  | 'shipment.failed';

/** An event moves an order on from some statuses, and is only noted in others. */
interface Transition {
  readonly from: readonly OrderStatus[];
  readonly to?: OrderStatus;
  readonly notedIn: readonly OrderStatus[];
}

const TRANSITIONS: Readonly<Record<FulfilmentEvent, Transition>> = {
  'inventory.reserved': {
    from: ['PLACED'],
    to: 'RESERVED',
    notedIn: ['PAID', 'SHIPPED', 'PAYMENT_FAILED', 'FULFILMENT_FAILED', 'REFUNDED'],
  },
  'inventory.out-of-stock': { from: ['PLACED'], to: 'REJECTED', notedIn: [] },
  'payment.processed': {
    from: ['PLACED', 'RESERVED'],
    to: 'PAID',
    notedIn: ['SHIPPED', 'FULFILMENT_FAILED', 'REFUNDED'],
  },
  'payment.failed': { from: ['PLACED', 'RESERVED'], to: 'PAYMENT_FAILED', notedIn: [] },
  'shipment.created': { from: ['PLACED', 'RESERVED', 'PAID'], to: 'SHIPPED', notedIn: [] },
  'shipment.failed': { from: ['PLACED', 'RESERVED', 'PAID'], to: 'FULFILMENT_FAILED', notedIn: [] },
  'inventory.released': { from: [], notedIn: ['PAYMENT_FAILED', 'FULFILMENT_FAILED', 'REFUNDED'] },
  'payment.refunded': { from: ['FULFILMENT_FAILED'], to: 'REFUNDED', notedIn: [] },
};

/** An event that cannot be true of an order in its status, such as a payment for a rejected order. */
export class ContradictionError extends Error {
  override readonly name = 'ContradictionError';
}

/**
 * The status after an event; the same as before when the event is only noted.
 *
 * @throws ContradictionError
 */
export function statusAfter(status: OrderStatus, event: FulfilmentEvent): OrderStatus {
  const { from, to, notedIn } = TRANSITIONS[event];
  if (to && from.includes(status)) return to;
  if (notedIn.includes(status)) return status;
  throw new ContradictionError(`${event} cannot happen to an order that is ${status}.`);
}

/** Statuses in which nothing more is to happen. */
export const FINAL_STATUSES: readonly OrderStatus[] = ['SHIPPED', 'REJECTED', 'PAYMENT_FAILED', 'REFUNDED'];
