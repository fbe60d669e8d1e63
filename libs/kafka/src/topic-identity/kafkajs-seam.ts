import { createRequire } from 'node:module';
import { Logger } from '@nestjs/common';
import {
  FIRST_VERSION,
  LAST_VERSION,
  readMetadataAnswer,
  writeMetadataRequest,
  type Decoder,
  type Encoder,
  type MetadataRequest,
} from './metadata-exchange.js';
import { identityOf, isOfAnotherTopic } from './position-identity.js';

interface Exchange {
  readonly request: unknown;
  readonly response: { decode(bytes: Buffer): Promise<unknown>; parse(data: unknown): Promise<unknown> };
}

/** How kafkajs knows a request of the protocol. */
interface Definition {
  versions: string[];
  protocol: (wanted: { version: number }) => (request: MetadataRequest) => Exchange;
}

interface Position {
  readonly partition: number;
  readonly offset: string;
  readonly metadata?: string | null;
}

interface TopicPositions {
  readonly topic: string;
  readonly partitions: readonly Position[];
}

/** What a consumer says to the coordinator of its group about positions. */
interface Coordinator {
  offsetCommit(request: { readonly topics: readonly TopicPositions[] }): Promise<unknown>;
  offsetFetch(request: unknown): Promise<{ readonly responses: readonly TopicPositions[] }>;
}

/** The positions of one member of a group, from the moment it gets its partitions to the next rebalance. */
interface OffsetManager {
  readonly groupId: string;
  readonly cluster: {
    refreshMetadata(): Promise<void>;
    readonly brokerPool: {
      readonly metadata: {
        readonly topicMetadata: readonly { readonly topic: string; readonly topicId?: string }[];
      };
    };
  };
  getCoordinator: (this: OffsetManager) => Promise<Coordinator>;
}

type TopicIds = ReadonlyMap<string, string | undefined>;

/** In the place of a position: there is none. */
const NO_POSITION = '-1';

const require = createRequire(import.meta.url);
const logger = new Logger('TopicIdentity');
let installed = false;

/**
 * Lets kafkajs know the ids of topics, and commit with each position the id of the topic that it is a position in. A
 * position in a topic that was deleted and created again is none in the new one: there its consumers begin as those do
 * that have not committed yet. Brokers that know no topic ids, and positions without one, are taken as before.
 */
export function installTopicIdentity(): void {
  if (installed) return;
  installed = true;
  readTopicIds();
  commitTopicIds();
}

function readTopicIds(): void {
  const metadata = require('kafkajs/src/protocol/requests/metadata') as Definition;
  const { Metadata: apiKey } = require('kafkajs/src/protocol/requests/apiKeys') as Record<string, number>;
  const NewEncoder = require('kafkajs/src/protocol/encoder') as new () => Encoder;
  const NewDecoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => Decoder;
  const lastOfKafkajs = Math.max(...metadata.versions.map(Number));
  const protocolOf = metadata.protocol;
  metadata.versions = [...metadata.versions, `${LAST_VERSION}`];
  metadata.protocol = ({ version }) => {
    // kafkajs takes the last version of the broker, which may be between its own and ours.
    const own = protocolOf({ version: Math.min(version, lastOfKafkajs) });
    if (version < FIRST_VERSION) return own;
    return (asked) => ({
      request: {
        apiKey,
        apiVersion: version,
        apiName: 'Metadata',
        encode: () => Promise.resolve(writeMetadataRequest(new NewEncoder(), version, asked)),
      },
      response: {
        ...own(asked).response,
        decode: (bytes) => Promise.resolve(readMetadataAnswer(new NewDecoder(bytes))),
      },
    });
  };
}

function commitTopicIds(): void {
  const { prototype } = require('kafkajs/src/consumer/offsetManager') as { prototype: OffsetManager };
  const known = new WeakMap<OffsetManager, TopicIds>();
  const getCoordinator = prototype.getCoordinator;
  // Nothing but positions is spoken of with it.
  prototype.getCoordinator = async function get() {
    const coordinator = await getCoordinator.call(this);
    // Asked when the positions are fetched: those that follow from them are in the same topic, whatever is there later.
    let topicIds = known.get(this);
    if (!topicIds) known.set(this, (topicIds = await currentTopicIds(this)));
    return identifying(coordinator, this.groupId, topicIds);
  };
}

async function currentTopicIds({ cluster }: OffsetManager): Promise<TopicIds> {
  await cluster.refreshMetadata();
  return new Map(cluster.brokerPool.metadata.topicMetadata.map(({ topic, topicId }) => [topic, topicId]));
}

function identifying(coordinator: Coordinator, group: string, topicIds: TopicIds): Coordinator {
  return {
    offsetCommit: (request) =>
      coordinator.offsetCommit({
        ...request,
        topics: request.topics.map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.map((position) => ({
            ...position,
            metadata: identityOf(topicIds.get(topic)),
          })),
        })),
      }),
    async offsetFetch(request) {
      const answer = await coordinator.offsetFetch(request);
      return {
        ...answer,
        responses: answer.responses.map((each) => withoutForeign(each, group, topicIds.get(each.topic))),
      };
    },
  };
}

function withoutForeign(
  { topic, partitions }: TopicPositions,
  group: string,
  topicId: string | undefined,
): TopicPositions {
  const isForeign = ({ metadata }: Position): boolean => isOfAnotherTopic(metadata, topicId);
  if (partitions.some(isForeign)) {
    logger.warn({
      message: `The topic ${topic} was deleted and created again: ${group} starts at its earliest records`,
      positions: partitions.filter(isForeign),
      topicId,
    });
  }
  return {
    topic,
    partitions: partitions.map((position) =>
      isForeign(position) ? { ...position, offset: NO_POSITION } : position,
    ),
  };
}
