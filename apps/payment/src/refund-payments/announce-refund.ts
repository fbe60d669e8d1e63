import { paymentRefunded, toMajorUnits, type Cause } from '@orderbridge/contracts';
import type { UnitOfWork } from '@orderbridge/messaging';

export interface AnnouncedRefund {
  /** Of the payment. */
  readonly id: string;
  readonly orderId: string;
  readonly userId: string;
  /** In minor units. */
  readonly amount: number;
  readonly currency: string;
  readonly cause: Cause;
}

/** Tells that the gateway gave a payment back. */
export function announceRefund(unit: UnitOfWork, payment: AnnouncedRefund, refundId: string): void {
  const { id: paymentId, orderId, userId, amount, currency, cause } = payment;
  const data = { orderId, userId, paymentId, refundId, amount: toMajorUnits(amount), currency };
  unit.send(paymentRefunded, data, cause);
}
