import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { voidRequested, type CloudEvent, type DataOf } from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { announce } from '../book-shipments/announce.js';
import { VoidRepository } from '../storage/void.repository.js';
import { VoidQueue } from './void-queue.js';

/** Makes parked voids due again, or gives them up: their parcels go on. */
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
    const decisions = new Map(events.map(({ data }) => [data.orderId, data.decision]));
    const ordersBy = (isGivenUp: boolean): string[] =>
      [...decisions]
        .filter(([, decision]) => (decision === 'give-up') === isGivenUp)
        .map(([orderId]) => orderId);
    const [retried, givenUp] = [ordersBy(false), ordersBy(true)];
    if (retried.length > 0) await this.voids.resume(unitOfWork.manager, retried);
    if (givenUp.length > 0)
      for (const shipment of await this.voids.giveUp(unitOfWork.manager, givenUp))
        announce(unitOfWork, shipment);
    unitOfWork.afterCommit(() => this.queue.wake());
  }
}
