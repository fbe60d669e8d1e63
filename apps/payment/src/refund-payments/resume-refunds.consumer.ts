import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { refundRequested, type CloudEvent, type DataOf } from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { RefundRepository } from '../storage/refund.repository.js';
import { StrayChargeRepository } from '../storage/stray-charge.repository.js';
import { announceRefund } from './announce-refund.js';
import { RefundQueue } from './refund-queue.js';

/** Makes parked refunds due again when an operator has redriven their dead letters, or counts them as made by hand. */
@Controller()
export class ResumeRefundsConsumer {
  constructor(
    private readonly refunds: RefundRepository,
    private readonly queue: RefundQueue,
    private readonly strays: StrayChargeRepository,
  ) {}

  @OnEvent(refundRequested)
  async resume(
    @Payload() events: readonly CloudEvent<DataOf<typeof refundRequested>>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    const { manager } = unitOfWork;
    const of = (givesUp: boolean) =>
      events.filter(({ data }) => (data.decision === 'give-up') === givesUp).map(({ data }) => data.orderId);
    await this.refunds.resume(manager, of(false));
    await this.strays.resume(manager, of(false));
    await this.strays.giveUp(manager, of(true));
    for (const { cause, ...payment } of await this.refunds.giveUp(manager, of(true)))
      announceRefund(unitOfWork, payment, cause);
    unitOfWork.afterCommit(() => this.queue.wake());
  }
}
