import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  causedBy,
  orderFulfilmentFailed,
  type CloudEvent,
  type OrderStatusChanged,
} from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { RefundRepository } from '../storage/refund.repository.js';
import { RefundQueue } from './refund-queue.js';

/** Makes the refund due for each order that was charged and cannot be shipped. */
@Controller()
export class RefundPaymentsConsumer {
  constructor(
    private readonly refunds: RefundRepository,
    private readonly queue: RefundQueue,
  ) {}

  @OnEvent(orderFulfilmentFailed)
  async refund(
    @Payload() events: readonly CloudEvent<OrderStatusChanged>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    await this.refunds.request(
      unitOfWork.manager,
      events.map((event) => ({ orderId: event.data.orderId, cause: causedBy(event) })),
    );
    unitOfWork.afterCommit(() => this.queue.wake());
  }
}
