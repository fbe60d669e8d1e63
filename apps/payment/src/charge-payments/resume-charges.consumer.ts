import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { chargeRequested, type CloudEvent, type DataOf } from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { PaymentRepository } from '../storage/payment.repository.js';
import { ChargeQueue } from './charge-queue.js';

/**
 * Makes parked charges due again when an operator has redriven their dead letters, with the token as it was edited; or
 * ends them.
 */
@Controller()
export class ResumeChargesConsumer {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly queue: ChargeQueue,
  ) {}

  @OnEvent(chargeRequested)
  async resume(
    @Payload() events: readonly CloudEvent<DataOf<typeof chargeRequested>>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    await this.payments.resume(
      unitOfWork.manager,
      events.map(({ data: { orderId, paymentToken, decision } }) => ({
        orderId,
        paymentToken,
        givesUp: decision === 'give-up',
      })),
    );
    unitOfWork.afterCommit(() => this.queue.wake());
  }
}
