import { paymentRefunded, toMajorUnits, type Cause } from '@orderbridge/contracts';
import type { UnitOfWork } from '@orderbridge/messaging';
import { NOBODY } from '../storage/forgotten-payment.repository.js';
import type { PaymentEntity } from '../storage/payment.entity.js';

/** Announces that a payment was given back; to nobody when its order does not exist. */
export function announceRefund(
  unit: UnitOfWork,
  payment: Pick<PaymentEntity, 'id' | 'orderId' | 'userId' | 'amount' | 'currency' | 'refundId'>,
  cause: Cause,
): void {
  const { id: paymentId, orderId, userId, amount, currency, refundId } = payment;
  if (userId === NOBODY) return;
  if (!refundId) throw new Error(`The payment ${paymentId} is not refunded.`);
  const data = { orderId, userId, paymentId, refundId, amount: toMajorUnits(amount), currency };
  unit.send(paymentRefunded, data, cause);
}
