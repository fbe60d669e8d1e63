import type { CloudEvent } from '@orderbridge/contracts';
import type { NewTimelineEntry } from './order.repository.js';

/** The timeline entry of an event that the order service itself sends. */
export const ownEntry = (
  event: CloudEvent,
  entry: Pick<NewTimelineEntry, 'position' | 'status' | 'detail'>,
): NewTimelineEntry => ({
  orderId: event.subject,
  cause: event.type,
  messageId: event.id,
  source: event.source,
  occurredAt: new Date(event.time),
  ...entry,
});
