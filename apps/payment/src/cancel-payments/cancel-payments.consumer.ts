import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  causedBy,
  orderCancellationConfirmed,
  orderCancelling,
  paymentCancelled,
  type CloudEvent,
  type DataOf,
} from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { isUncharged, whenCancelled } from '../domain/payment.js';
import { unpaidPayment } from '../open-payments/unpaid-payment.js';
import { PaymentRepository } from '../storage/payment.repository.js';
import { UndoPayments } from './undo-payments.js';

/**
 * Cancels the payments of cancelled orders. While it is open whether the parcel can be kept back, only what was never
 * charged is closed; an order of which nothing is known yet gets a closed payment, so that what inventory says of it later
 * does not charge it. Once the cancellation is confirmed, the rest is undone. Who asks again is answered again.
 */
@Controller()
export class CancelPaymentsConsumer {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly undoPayments: UndoPayments,
  ) {}

  @OnEvent(orderCancelling)
  async closeUncharged(
    @Payload() events: readonly CloudEvent<DataOf<typeof orderCancelling>>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    const { manager } = unitOfWork;
    const causes = new Map(events.map((event) => [event.data.orderId, causedBy(event)]));
    await this.payments.insert(manager, events.map(unpaidPayment));
    for (const payment of await this.payments.lockOfOrders(manager, [...causes.keys()])) {
      const { id: paymentId, orderId, userId } = payment;
      const status = whenCancelled(payment.status, payment.attempts);
      if (!isUncharged(status)) continue;
      const cause = causes.get(orderId) ?? payment.cause;
      await this.payments.cancel(manager, paymentId, status, cause);
      unitOfWork.send(paymentCancelled, { orderId, userId, paymentId }, cause);
    }
  }

  @OnEvent(orderCancellationConfirmed)
  async undo(
    @Payload() events: readonly CloudEvent<DataOf<typeof orderCancellationConfirmed>>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    await this.payments.insert(unitOfWork.manager, events.map(unpaidPayment));
    const causes = new Map(events.map((event) => [event.data.orderId, causedBy(event)]));
    await this.undoPayments.undo(unitOfWork, causes, true);
  }
}
