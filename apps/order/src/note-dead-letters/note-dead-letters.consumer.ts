import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  deadLetterDiscarded,
  deadLetterRaised,
  deadLetterRedriven,
  type CloudEvent,
  type DataOf,
} from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { OrderRepository, type NewTimelineEntry } from '../storage/order.repository.js';

type Raised = DataOf<typeof deadLetterRaised>;
/** What the three have in common, and what two of them say beside. */
type News = Pick<Raised, 'orderId' | 'type' | 'source' | 'reason'> & {
  readonly operator?: string;
  readonly edited?: boolean;
  readonly decision?: DataOf<typeof deadLetterRedriven>['decision'];
};

/**
 * Notes in an order's timeline what happens to dead letters that are about it; its status stays. Dead letters about
 * orders that there are not are none of its business.
 */
@Controller()
export class NoteDeadLettersConsumer {
  constructor(private readonly orders: OrderRepository) {}

  @OnEvent(deadLetterRaised, deadLetterRedriven, deadLetterDiscarded)
  async note(
    @Payload() events: readonly CloudEvent<News>[],
    @Ctx() { unitOfWork: { manager } }: EventContext,
  ): Promise<void> {
    const ids = events.flatMap(({ data }) => data.orderId ?? []);
    const orders = await this.orders.lock(manager, ids);
    const entries: NewTimelineEntry[] = [];
    for (const { id: messageId, type: cause, source, time, data } of events) {
      const order = data.orderId === undefined ? undefined : orders.get(data.orderId);
      if (!order) continue;
      order.version++;
      entries.push({
        orderId: order.id,
        position: order.version,
        cause,
        status: order.status,
        messageId,
        source,
        occurredAt: new Date(time),
        detail: detailOf(data),
      });
    }
    await this.orders.update(manager, [...orders.values()]);
    await this.orders.insertTimeline(manager, entries);
  }
}

function detailOf({ type, source, reason, operator, edited, decision }: News): string {
  const what = `${type ?? 'a message'} in ${source}`;
  const how = decision === 'give-up' ? ', given up' : edited ? ', edited' : '';
  const who = operator === undefined ? '' : ` by ${operator}${how}`;
  return `${what}${who}: ${reason}`;
}
