/**
 * The life of a payment:
 *
 *     PENDING ──the gateway takes the money──▶ SUCCEEDED ──the order fails──▶ REFUNDING ──the gateway gives it back──▶ REFUNDED
 *        └─────the gateway refuses──────────▶ FAILED
 *
 *     UNPAID: closed without a charge, because the order was out of stock, or cancelled before the gateway was asked.
 *
 * An order may be cancelled at any moment. While the gateway may have been asked, the charge is brought to its end, with
 * the same key, for the money may be gone: what was taken then is refunded.
 */
export type PaymentStatus = 'PENDING' | 'SUCCEEDED' | 'FAILED' | 'UNPAID' | 'REFUNDING' | 'REFUNDED';

/** What the gateway decided about a charge. Until it has decided, the payment stays PENDING. */
export type ChargeDecision =
  | { readonly approved: true; readonly chargeId: string }
  | { readonly approved: false; readonly code: string; readonly reason: string };

export const statusAfter = ({ approved }: ChargeDecision, cancelled: boolean): PaymentStatus => {
  if (!approved) return 'FAILED';
  return cancelled ? 'REFUNDING' : 'SUCCEEDED';
};

/** What becomes of a payment when its order is cancelled. */
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
