import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import {
  digestOf,
  KafkaConnection,
  keyOf,
  TopicFollower,
  valuesOf,
  type FollowedRecord,
} from '@orderbridge/kafka';
import { reasonOf, storeHeaders } from '@orderbridge/messaging';
import { Readiness } from '@orderbridge/service';
import { DESK_CONFIG, type DeskConfig } from '../desk-environment.js';
import { factsOf, givenId, plain } from '../domain/dead-letter-message.js';
import type { NewLetter } from '../storage/letter.entity.js';
import { IndexLetters } from './index-letters.js';
import { contentOf, idOfPlace } from './letter-id.js';

const DEAD_LETTER_TOPIC = /^(?<origin>.+)\.[^.]+\.dlt$/;

/** Follows every dead-letter topic there is, and takes its letters into the index. */
@Injectable()
export class KafkaLetters implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #follower: TopicFollower;

  constructor(
    connection: KafkaConnection,
    index: IndexLetters,
    readiness: Readiness,
    @Inject(DESK_CONFIG) config: DeskConfig,
  ) {
    this.#follower = new TopicFollower({
      connection,
      group: 'dead-letter-desk',
      matches: DEAD_LETTER_TOPIC,
      interval: config.SCAN_INTERVAL_MS,
      handle: async (records) => {
        await index.add(records.map(letterOf));
      },
    });
    readiness.register('dead-letter-topics', () => this.#follower.check());
  }

  onApplicationBootstrap(): void {
    this.#follower.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#follower.stop();
  }
}

/** The letter that a record of a dead-letter topic is. */
export function letterOf(record: FollowedRecord): NewLetter {
  const { topic, partition, offset, writtenAt, unreadable } = record;
  const given = { ...record, timestamp: `${writtenAt.getTime()}` };
  const headers = valuesOf(record.headers);
  const body = record.value ?? Buffer.alloc(0);
  const text = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      String((Array.isArray(value) ? value.at(-1) : value) ?? ''),
    ]),
  );
  const message = { headers: text, body, writtenAt };
  const { key, keyBytes } = keyOf(record.key);
  const envelope = { headers, ...(keyBytes !== undefined && { keyBytes }) };
  return {
    ...factsOf(message),
    ...(unreadable && { error: unreadable.name, reason: reasonOf(unreadable) }),
    id: givenId(message) ?? idOfPlace('kafka', topic, `${partition}`, offset, digestOf(given)),
    broker: 'kafka',
    source: topic,
    messageId: null,
    origin: originOf(topic, text['dlt_topic']),
    position:
      text['dlt_offset'] === undefined ? '' : plain(`${text['dlt_partition'] ?? ''}@${text['dlt_offset']}`),
    envelope,
    key,
    content: contentOf(storeHeaders(envelope), key, body),
    body,
  };
}

/**
 * The topic that the letters of a dead-letter topic come from. What a message says of it counts only where a group's name
 * has dots, so that nobody can send a letter elsewhere by what he writes in it.
 */
function originOf(source: string, said: string | undefined): string {
  if (said !== undefined && said !== '' && source.startsWith(`${said}.`)) return said;
  return DEAD_LETTER_TOPIC.exec(source)?.groups?.['origin'] ?? source;
}
