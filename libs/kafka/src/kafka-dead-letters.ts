import { createHash } from 'node:crypto';
import { topic } from '@orderbridge/contracts';
import {
  DEAD_LETTER_PREFIX,
  deadLetterHeaders,
  type Delivery,
  type HeaderValue,
  type OutgoingMessage,
  type Rejection,
  type UnitsOfWork,
} from '@orderbridge/messaging';
import type { KafkaMessage } from 'kafkajs';
import type { RecordHeaders } from './record-batches/fetched-message.js';

/** Where a delivery lies in Kafka. */
export interface KafkaPosition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
}

/**
 * Which record of which position this is: the same whenever a record is delivered, and another for another record at the
 * same position, as when a topic was created again, restored or moved.
 */
export function originOf(
  { topic: name, partition, offset }: KafkaPosition,
  record: Pick<KafkaMessage, 'key' | 'value' | 'headers' | 'timestamp'>,
): string {
  return `kafka ${name}/${partition}@${offset} ${digestOf(record)}`;
}

/** A digest of all that a producer gives. */
export function digestOf({
  key,
  value,
  headers = {},
  timestamp,
}: Pick<KafkaMessage, 'key' | 'value' | 'headers' | 'timestamp'>): string {
  const rest: unknown[] = [timestamp, key?.length ?? null, value?.length ?? null];
  for (const [name, header] of Object.entries(headers as RecordHeaders))
    rest.push(name, Array.isArray(header) ? header.map(exactly) : exactly(header));
  const hash = createHash('sha256').update(JSON.stringify(rest));
  if (key) hash.update(key);
  if (value) hash.update(value);
  return hash.digest('base64url').slice(0, 22);
}

const exactly = (value: Buffer | string | null | undefined): string | null =>
  Buffer.isBuffer(value) ? value.toString('latin1') : (value ?? null);

/** The dead-letter topic of a consumer group for a topic. */
export const deadLetterTopic = (source: string, group: string): string => `${source}.${group}.dlt`;

/**
 * Sends a rejected message to its group's dead-letter topic: bytes, key and headers as they came, text or not, and what
 * is to be known of the rejection beside them in `dlt_*` headers. It goes through the outbox, and its origin is claimed
 * in the same transaction: one dead letter per record, however often it is delivered. The message's own id is not
 * claimed, so that it can be sent again.
 */
export async function deadLetter(
  unitsOfWork: UnitsOfWork,
  group: string,
  position: KafkaPosition,
  { key, headers = {} }: Pick<KafkaMessage, 'key' | 'headers'>,
  delivery: Delivery,
  rejection: Rejection,
): Promise<void> {
  const destination = topic(deadLetterTopic(position.topic, group));
  await unitsOfWork.run(async (unit) => {
    const fresh = await unit.claim(destination.name, [delivery.origin]);
    if (fresh.size === 0) return;
    unit.sendEncoded({
      messageId: delivery.origin,
      destination,
      ...keyOf(key),
      headers: {
        ...originalHeaders(headers),
        ...deadLetterHeaders(group, rejection),
        dlt_topic: position.topic,
        dlt_partition: `${position.partition}`,
        dlt_offset: position.offset,
      },
      body: delivery.body,
    });
  });
}

/** A message's key for the outbox, whose text holds no zero bytes, and its bytes where they are more or less than that. */
export function keyOf(bytes: Buffer | null): Pick<OutgoingMessage, 'key' | 'keyBytes'> {
  if (bytes === null) return { key: '', keyBytes: null };
  const key = bytes.toString().replaceAll('\0', '');
  return Buffer.from(key).equals(bytes) ? { key } : { key, keyBytes: bytes };
}

/** A message's own headers, to the byte; those of an earlier dead letter are left out. */
function originalHeaders(headers: RecordHeaders | KafkaMessage['headers']): Record<string, HeaderValue> {
  const values = Object.entries(valuesOf(headers));
  return Object.fromEntries(values.filter(([name]) => !name.startsWith(DEAD_LETTER_PREFIX)));
}

/** A record's headers, to the byte, whatever their names. */
export function valuesOf(headers: RecordHeaders | KafkaMessage['headers']): Record<string, HeaderValue> {
  const values = Object.entries(headers ?? {}).filter(([, value]) => value !== undefined);
  // Unlike an assignment, this makes a property of every name.
  return Object.fromEntries(
    values.map(([name, value]) => [name, Array.isArray(value) ? value.map(asText) : asText(value ?? null)]),
  );
}

/** Bytes as text where that loses nothing. */
function asText(value: string | Buffer | null): string | Buffer | null {
  if (!Buffer.isBuffer(value)) return value;
  const text = value.toString();
  return Buffer.from(text).equals(value) ? text : value;
}
