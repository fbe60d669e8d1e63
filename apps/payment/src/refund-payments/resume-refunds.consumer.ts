import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { refundRequested, type CloudEvent, type DataOf } from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { RefundRepository } from '../storage/refund.repository.js';
import { RefundQueue } from './refund-queue.js';

/** Makes refunds due again that the gateway had refused, when an operator has sent their dead letters again. */
@Controller()
export class ResumeRefundsConsumer {
  constructor(
    private readonly refunds: RefundRepository,
    private readonly queue: RefundQueue,
  ) {}

  @OnEvent(refundRequested)
  async resume(
    @Payload() events: readonly CloudEvent<DataOf<typeof refundRequested>>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    await this.refunds.resume(
      unitOfWork.manager,
      events.map(({ data }) => data.orderId),
    );
    unitOfWork.afterCommit(() => this.queue.wake());
  }
}
