import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  causedBy,
  orderCancellationConfirmed,
  paymentCancelled,
  type CloudEvent,
  type DataOf,
} from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { isUncharged, whenCancelled } from '../domain/payment.js';
import { unpaidPayment } from '../open-payments/unpaid-payment.js';
import { announceRefund } from '../refund-payments/announce-refund.js';
import { RefundQueue } from '../refund-payments/refund-queue.js';
import { PaymentRepository } from '../storage/payment.repository.js';

/**
 * Cancels the payments of cancelled orders, wherever they are: one that was never asked for is closed, one that was
 * made is refunded, and one that may be under way is brought to its end first. An order of which nothing is known yet
 * gets a closed payment, so that what inventory tells of it later does not charge it. Who asks again is told again.
 */
@Controller()
export class CancelPaymentsConsumer {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly refunds: RefundQueue,
  ) {}

  @OnEvent(orderCancellationConfirmed)
  async cancel(
    @Payload() events: readonly CloudEvent<DataOf<typeof orderCancellationConfirmed>>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    const { manager } = unitOfWork;
    const causes = new Map(events.map((event) => [event.data.orderId, causedBy(event)]));
    await this.payments.insert(manager, events.map(unpaidPayment));
    for (const payment of await this.payments.lockOfOrders(manager, [...causes.keys()])) {
      const { id: paymentId, orderId, userId } = payment;
      const cause = causes.get(orderId) ?? payment.cause;
      const status = whenCancelled(payment.status, payment.attempts);
      await this.payments.cancel(manager, paymentId, status, cause);
      if (isUncharged(status)) unitOfWork.send(paymentCancelled, { orderId, userId, paymentId }, cause);
      else if (status === 'REFUNDED') announceRefund(unitOfWork, payment, cause);
    }
    unitOfWork.afterCommit(() => this.refunds.wake());
  }
}
