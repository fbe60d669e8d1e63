import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { causedBy, orderRejected, type CloudEvent, type OrderStatusChanged } from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { UndoPayments } from '../cancel-payments/undo-payments.js';

/** Undoes what was paid by hand for orders that are rejected. */
@Controller()
export class RejectPaymentsConsumer {
  constructor(private readonly undoPayments: UndoPayments) {}

  @OnEvent(orderRejected)
  async undo(
    @Payload() events: readonly CloudEvent<OrderStatusChanged>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    const causes = new Map(events.map((event) => [event.data.orderId, causedBy(event)]));
    await this.undoPayments.undo(unitOfWork, causes, false);
  }
}
