import { Injectable } from '@nestjs/common';
import { paymentCancelled, type Cause } from '@orderbridge/contracts';
import type { UnitOfWork } from '@orderbridge/messaging';
import { isUncharged, whenCancelled } from '../domain/payment.js';
import { announceRefund } from '../refund-payments/announce-refund.js';
import { RefundQueue } from '../refund-payments/refund-queue.js';
import { PaymentRepository } from '../storage/payment.repository.js';

/** Undoes payments of orders that have failed or were cancelled. */
@Injectable()
export class UndoPayments {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly refunds: RefundQueue,
  ) {}

  /**
   * Undoes the payments that orders have, wherever they are: one that was never attempted is closed, one that was made is
   * refunded, and one that may be in flight is brought to its end first. What is undone already is announced again.
   *
   * @param causes by order.
   * @param answersUncharged whether somebody waits to hear that nothing was charged.
   */
  async undo(unit: UnitOfWork, causes: ReadonlyMap<string, Cause>, answersUncharged: boolean): Promise<void> {
    for (const payment of await this.payments.lockOfOrders(unit.manager, [...causes.keys()])) {
      const { id: paymentId, orderId, userId } = payment;
      const cause = causes.get(orderId) ?? payment.cause;
      const status = whenCancelled(payment.status, payment.attempts);
      await this.payments.cancel(unit.manager, paymentId, status, cause);
      if (status === 'REFUNDED') announceRefund(unit, payment, cause);
      else if (isUncharged(status) && answersUncharged)
        unit.send(paymentCancelled, { orderId, userId, paymentId }, cause);
    }
    unit.afterCommit(() => this.refunds.wake());
  }
}
