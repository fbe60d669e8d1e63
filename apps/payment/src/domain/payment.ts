/**
 * The life of a payment:
 *
 *     PENDING ──the gateway takes the money──▶ SUCCEEDED ──the order fails──▶ REFUNDING ──the gateway gives it back──▶ REFUNDED
 *        └─────the gateway refuses──────────▶ FAILED
 *
 *     UNPAID: closed without a charge, because the order was out of stock.
 */
export type PaymentStatus = 'PENDING' | 'SUCCEEDED' | 'FAILED' | 'UNPAID' | 'REFUNDING' | 'REFUNDED';

/** What the gateway decided about a charge. Until it has decided, the payment stays PENDING. */
export type ChargeDecision =
  | { readonly approved: true; readonly chargeId: string }
  | { readonly approved: false; readonly code: string; readonly reason: string };

export const statusAfter = ({ approved }: ChargeDecision): PaymentStatus =>
  approved ? 'SUCCEEDED' : 'FAILED';

/** What is asked of a payment, whoever asks. */
export interface PaymentTerms {
  /** In minor units. */
  readonly amount: number;
  readonly currency: string;
}

/** Whether a payment that exists already is what is asked for now. */
export const sameTerms = (one: PaymentTerms, other: PaymentTerms): boolean =>
  one.amount === other.amount && one.currency === other.currency;
