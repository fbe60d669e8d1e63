/**
 * The life of a payment:
 *
 *     PENDING ──the gateway takes the money──▶ SUCCEEDED ──the order fails──▶ REFUNDING ──the gateway gives it back──▶ REFUNDED
 *        └─────the gateway refuses──────────▶ FAILED
 *
 *     UNPAID: closed without a charge, because the order was out of stock, or cancelled before the gateway was asked.
 *
 * An order may be cancelled at any moment. While the gateway may have been asked, the charge is brought to its end, with
 * the same key, for the money may be gone: what was taken then is refunded. So is what an operator gives up. A charge that
 * the gateway has given back already, before the order's databases were restored, is REFUNDED.
 */
export type PaymentStatus = 'PENDING' | 'SUCCEEDED' | 'FAILED' | 'UNPAID' | 'REFUNDING' | 'REFUNDED';

/** What the gateway decided about a charge. Until it has decided, the payment stays PENDING. */
export type ChargeDecision =
  | {
      readonly approved: true;
      readonly chargeId: string;
      /** The gateway's id of the refund, where it was given back already. */
      readonly refundId?: string;
    }
  | { readonly approved: false; readonly code: string; readonly reason: string };

/** `isOver`: its order was cancelled or rejected, or an operator has given the charge up. */
export const statusAfter = (decision: ChargeDecision, isOver: boolean): PaymentStatus => {
  if (!decision.approved) return 'FAILED';
  if (decision.refundId !== undefined) return 'REFUNDED';
  return isOver ? 'REFUNDING' : 'SUCCEEDED';
};

/** Code of a charge that was given up, or was looked up for a cancelled order: the gateway has taken nothing. */
export const NOT_CHARGED = 'not_charged';
export const notCharged: ChargeDecision = {
  approved: false,
  code: NOT_CHARGED,
  reason: 'The charge was given up; no money was taken.',
};

/** What becomes of a payment when its order is cancelled or rejected. */
export function whenCancelled(status: PaymentStatus, attempts: number): PaymentStatus {
  if (status === 'PENDING') return attempts === 0 ? 'UNPAID' : 'PENDING';
  return status === 'SUCCEEDED' ? 'REFUNDING' : status;
}

/** Statuses in which no money was taken, and none will be. */
export const isUncharged = (status: PaymentStatus): boolean => status === 'UNPAID' || status === 'FAILED';

/** What is asked of a payment, whoever asks. */
export interface PaymentTerms {
  /** In minor units. */
  readonly amount: number;
  readonly currency: string;
}

/** Whether a payment that exists already is what is asked for now. */
export const sameTerms = (one: PaymentTerms, other: PaymentTerms): boolean =>
  one.amount === other.amount && one.currency === other.currency;
