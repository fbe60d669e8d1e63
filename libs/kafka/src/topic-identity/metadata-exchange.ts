/** What kafkajs encodes a request with, as far as this one needs it. */
export interface Encoder {
  readonly writeBoolean: (value: boolean) => Encoder;
  readonly writeUVarInt: (value: number) => Encoder;
  readonly writeUVarIntString: (value: string) => Encoder;
  readonly writeBufferInternal: (value: Buffer) => void;
}

/** What kafkajs decodes an answer with, as far as this one needs it. */
export interface Decoder {
  readonly readBoolean: () => boolean;
  readonly readBytes: (length: number) => Buffer;
  readonly readInt16: () => number;
  readonly readInt32: () => number;
  readonly readUVarInt: () => number;
  readonly readUVarIntArray: <Element>(read: (decoder: Decoder) => Element) => Element[] | null;
  readonly readUVarIntString: () => string | null;
}

export interface MetadataRequest {
  /** None: all topics. */
  readonly topics: readonly string[];
  readonly allowAutoTopicCreation?: boolean;
}

/** First version of Metadata whose answers hold the ids of topics, and last that is read here. */
export const FIRST_VERSION = 10;
export const LAST_VERSION = 12;

/** Last version that speaks of the operations which the client may perform on the cluster. */
const LAST_WITH_CLUSTER_OPERATIONS = 10;
const ID_BYTES = 16;
/** In a request for names, and from brokers that know no ids. */
const NO_ID = Buffer.alloc(ID_BYTES);

/** Writes a request, from the last field of its header on: headers of kafkajs end before it. */
export function writeMetadataRequest(
  encoder: Encoder,
  version: number,
  { topics, allowAutoTopicCreation = true }: MetadataRequest,
): Encoder {
  encoder.writeUVarInt(0);
  // Lengths count from one, and zero stands for null.
  encoder.writeUVarInt(topics.length === 0 ? 0 : topics.length + 1);
  for (const name of topics) {
    encoder.writeBufferInternal(NO_ID);
    encoder.writeUVarIntString(name).writeUVarInt(0);
  }
  encoder.writeBoolean(allowAutoTopicCreation);
  if (version <= LAST_WITH_CLUSTER_OPERATIONS) encoder.writeBoolean(false);
  return encoder.writeBoolean(false).writeUVarInt(0);
}

/** Reads an answer, from the last field of its header on, into the form that kafkajs gives to it. */
export function readMetadataAnswer(decoder: Decoder) {
  skipTaggedFields(decoder);
  const clientSideThrottleTime = decoder.readInt32();
  return {
    throttleTime: 0,
    clientSideThrottleTime,
    brokers: list(decoder, broker),
    clusterId: decoder.readUVarIntString(),
    controllerId: decoder.readInt32(),
    topicMetadata: list(decoder, topic),
  };
}

function broker(decoder: Decoder) {
  return tagged(decoder, {
    nodeId: decoder.readInt32(),
    host: decoder.readUVarIntString(),
    port: decoder.readInt32(),
    rack: decoder.readUVarIntString(),
  });
}

function topic(decoder: Decoder) {
  const topicErrorCode = decoder.readInt16();
  const name = decoder.readUVarIntString();
  const topicId = idOf(decoder.readBytes(ID_BYTES));
  const isInternal = decoder.readBoolean();
  const partitionMetadata = list(decoder, partition).map((each) => ({ ...each, topicId }));
  // The operations that the client may perform on the topic.
  decoder.readInt32();
  return tagged(decoder, { topicErrorCode, topic: name, topicId, isInternal, partitionMetadata });
}

function partition(decoder: Decoder) {
  const partitionErrorCode = decoder.readInt16();
  const partitionId = decoder.readInt32();
  const leader = decoder.readInt32();
  // The leader's epoch.
  decoder.readInt32();
  return tagged(decoder, {
    partitionErrorCode,
    partitionId,
    leader,
    replicas: list(decoder, nodeId),
    isr: list(decoder, nodeId),
    offlineReplicas: list(decoder, nodeId),
  });
}

const nodeId = (decoder: Decoder): number => decoder.readInt32();

const list = <Element>(decoder: Decoder, read: (decoder: Decoder) => Element): Element[] =>
  decoder.readUVarIntArray(read) ?? [];

function tagged<Fields>(decoder: Decoder, fields: Fields): Fields {
  skipTaggedFields(decoder);
  return fields;
}

/** Not with kafkajs' own reading, which takes their lengths to count from one. */
function skipTaggedFields(decoder: Decoder): void {
  for (let count = decoder.readUVarInt(); count > 0; count--) {
    decoder.readUVarInt();
    decoder.readBytes(decoder.readUVarInt());
  }
}

const idOf = (bytes: Buffer): string | undefined => (bytes.equals(NO_ID) ? undefined : bytes.toString('hex'));
