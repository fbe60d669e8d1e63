import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { voidRequested, type CloudEvent, type DataOf } from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { VoidRepository } from '../storage/void.repository.js';
import { VoidQueue } from './void-queue.js';

/** Makes labels due again that the carrier had refused to take back, when an operator has sent their dead letters again. */
@Controller()
export class ResumeVoidsConsumer {
  constructor(
    private readonly voids: VoidRepository,
    private readonly queue: VoidQueue,
  ) {}

  @OnEvent(voidRequested)
  async resume(
    @Payload() events: readonly CloudEvent<DataOf<typeof voidRequested>>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    await this.voids.resume(
      unitOfWork.manager,
      events.map(({ data }) => data.orderId),
    );
    unitOfWork.afterCommit(() => this.queue.wake());
  }
}
