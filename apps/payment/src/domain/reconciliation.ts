import type { ParcelFate } from '@orderbridge/contracts';
import type { PaymentStatus } from './payment.js';

/** What order says of an order; null when there is no such order. */
export type ReportedOrder = { readonly status: string; readonly awaiting: readonly string[] } | null;

/** The phase of an order, as far as its money is concerned. */
export type Phase =
  /** It has ended without a parcel, or does not exist and no parcel of it has left: nothing may stay charged. */
  | 'over'
  /** It waits for its payment. */
  | 'unpaid'
  /** It has been paid, and the charge stays. */
  | 'paid'
  /** It does not exist, and its parcel has left: a person must decide. */
  | 'lost'
  /** It moves on by itself, or its parcel's fate is not known yet, and is compared another time. */
  | 'open';

const OVER: ReadonlySet<string> = new Set([
  'REJECTED',
  'PAYMENT_FAILED',
  'FULFILMENT_FAILED',
  'REFUNDED',
  'CANCELLED',
]);
const PAID: ReadonlySet<string> = new Set(['PAID', 'SHIPPED', 'DELIVERED']);

/** @param parcel of an order that does not exist; undefined while it is not known. */
export function phaseOf(order: ReportedOrder, parcel?: ParcelFate): Phase {
  if (!order) return parcel === undefined ? 'open' : parcel === 'none' ? 'over' : 'lost';
  if (OVER.has(order.status)) return 'over';
  if (PAID.has(order.status)) return 'paid';
  // No parcel leaves any more once the shipment is undone.
  if (order.status === 'CANCELLING' && !order.awaiting.includes('shipment')) return 'over';
  return order.status === 'RESERVED' ? 'unpaid' : 'open';
}

export interface ReconciledPayment {
  readonly status: PaymentStatus;
  readonly chargeId: string | null;
}

export interface ComparedCharge {
  readonly chargeId: string;
  readonly refundId: string | null;
}

/**
 * What becomes of a charge that did not match its order's payment when it was found, once the payment itself is repaired:
 * - `forget`: it matches meanwhile, or the payment's worker adopts it.
 * - `adopt refund`: the payment's charge was given back.
 * - `refund`: it belongs to no payment, or ought to have been given back.
 * - `close`: it belongs to no payment and was given back.
 * - `wait`: it is compared again in the next run.
 * - `park`: a person must decide.
 */
export type Verdict = 'forget' | 'adopt refund' | 'refund' | 'close' | 'wait' | 'park';

/** @param payment undefined when none is known, and none is made again. */
export function verdictOf(
  { chargeId, refundId }: ComparedCharge,
  payment: ReconciledPayment | undefined,
  phase: Phase,
): Verdict {
  const isOver = phase === 'over';
  const isRefunded = refundId !== null;
  if (!payment) {
    if (!isOver) return phase === 'lost' ? 'park' : 'wait';
    return isRefunded ? 'close' : 'refund';
  }
  const { status } = payment;
  if (status === 'PENDING') return 'forget';
  if (payment.chargeId === chargeId) {
    if (isRefunded) return status === 'SUCCEEDED' ? 'adopt refund' : 'forget';
    if (status !== 'REFUNDED') return 'forget';
    return isOver ? 'refund' : 'park';
  }
  if (isRefunded) return 'close';
  // With the order's own charge known to be made, this one is certainly one too many.
  if (isOver || status === 'SUCCEEDED') return 'refund';
  return status === 'REFUNDING' || status === 'REFUNDED' ? 'park' : 'wait';
}
