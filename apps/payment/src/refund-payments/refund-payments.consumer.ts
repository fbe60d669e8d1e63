import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  causedBy,
  orderFulfilmentFailed,
  type CloudEvent,
  type OrderStatusChanged,
} from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { PaymentRepository } from '../storage/payment.repository.js';
import { RefundRepository } from '../storage/refund.repository.js';
import { announceRefund } from './announce-refund.js';
import { RefundQueue } from './refund-queue.js';

/**
 * Makes the refund due for each order that was charged and cannot be shipped. Of one that is refunded it is told again:
 * the order may have been nudged.
 */
@Controller()
export class RefundPaymentsConsumer {
  constructor(
    private readonly refunds: RefundRepository,
    private readonly payments: PaymentRepository,
    private readonly queue: RefundQueue,
  ) {}

  @OnEvent(orderFulfilmentFailed)
  async refund(
    @Payload() events: readonly CloudEvent<OrderStatusChanged>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    const { manager } = unitOfWork;
    const wanted = events.map((event) => ({ orderId: event.data.orderId, cause: causedBy(event) }));
    const requested = await this.refunds.request(manager, wanted);
    const others = wanted.map(({ orderId }) => orderId).filter((orderId) => !requested.has(orderId));
    if (others.length > 0) {
      for (const payment of await this.payments.lockOfOrders(manager, others)) {
        if (payment.status === 'REFUNDED') announceRefund(unitOfWork, payment, payment.cause);
      }
    }
    unitOfWork.afterCommit(() => this.queue.wake());
  }
}
