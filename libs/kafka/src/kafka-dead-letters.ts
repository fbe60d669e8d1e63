import { topic } from '@orderbridge/contracts';
import type { Delivery, UnitsOfWork } from '@orderbridge/messaging';

/** Where a delivery lies in Kafka. */
export interface KafkaPosition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
}

/** The dead-letter topic of a consumer group for a topic. */
export const deadLetterTopic = (source: string, group: string): string => `${source}.${group}.dlt`;

/**
 * Sends a rejected delivery to its group's dead-letter topic, with its bytes and headers as they came and the reason
 * beside them in `dlt_*` headers. It goes through the outbox, and its position is claimed in the same transaction:
 * one dead letter per position, however often it is delivered. The message's own id is not claimed, so that it can be
 * sent again.
 */
export async function deadLetter(
  unitsOfWork: UnitsOfWork,
  group: string,
  position: KafkaPosition,
  delivery: Delivery,
  error: Error,
): Promise<void> {
  const destination = topic(deadLetterTopic(position.topic, group));
  const headers: Record<string, string> = {
    dlt_reason: error.message.slice(0, 2_000),
    dlt_error: error.name,
    dlt_group: group,
    dlt_topic: position.topic,
    dlt_partition: `${position.partition}`,
    dlt_offset: position.offset,
    dlt_time: new Date().toISOString(),
  };
  for (const [name, value] of Object.entries(delivery.headers))
    if (value !== undefined) headers[name] = value;
  await unitsOfWork.run(async (unit) => {
    const fresh = await unit.claim(destination.name, [delivery.origin]);
    if (fresh.size === 0) return;
    unit.sendEncoded({
      messageId: delivery.origin,
      destination,
      key: delivery.key,
      headers,
      body: delivery.body,
    });
  });
}
