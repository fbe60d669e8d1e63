import { ErrorCode, RefusedError } from '../protocol/errors.js';

/** Types of settings as DescribeConfigs numbers them. */
export const configType = { boolean: 1, string: 2, int: 3, long: 5, double: 6, list: 7 } as const;

interface Setting {
  readonly type: number;
  readonly default: string;
  readonly documentation: string;
  /** Says what is wrong with a value; undefined if nothing is. */
  readonly fault: (value: string) => string | undefined;
}

const day = 24 * 60 * 60 * 1000;

function integer(min: number, max: number): Setting['fault'] {
  return (value) => {
    const number = /^-?\d+$/.test(value) ? Number(value) : NaN;
    return number >= min && number <= max ? undefined : `must be an integer from ${min} to ${max}`;
  };
}

function only(...values: string[]): Setting['fault'] {
  return (value) =>
    values.includes(value) ? undefined : `must be ${values.join(' or ')}; nothing else is implemented`;
}

/** The settings of a topic, with Kafka's names and, but for the size of a segment, its defaults. */
export const topicSettings = {
  'cleanup.policy': {
    type: configType.list,
    default: 'delete',
    documentation: 'Old segments are deleted. Compaction is not implemented.',
    fault: only('delete'),
  },
  'compression.type': {
    type: configType.string,
    default: 'producer',
    documentation: 'Batches are stored as the producer compressed them.',
    fault: only('producer'),
  },
  'max.message.bytes': {
    type: configType.int,
    default: '1048588',
    documentation: 'The largest record batch that is accepted, as it is on the wire.',
    fault: integer(0, 2 ** 31 - 1),
  },
  'message.timestamp.type': {
    type: configType.string,
    default: 'CreateTime',
    documentation: 'Records keep the timestamp that the producer gave them.',
    fault: only('CreateTime'),
  },
  'min.insync.replicas': {
    type: configType.int,
    default: '1',
    documentation: 'There is one replica.',
    fault: only('1'),
  },
  'retention.bytes': {
    type: configType.long,
    default: '-1',
    documentation: 'The oldest segments of a partition are deleted as long as this much is left; -1: never.',
    fault: integer(-1, Number.MAX_SAFE_INTEGER),
  },
  'retention.ms': {
    type: configType.long,
    default: String(7 * day),
    documentation: 'Segments whose youngest record is older are deleted; -1: never.',
    fault: integer(-1, Number.MAX_SAFE_INTEGER),
  },
  'segment.bytes': {
    type: configType.int,
    default: String(64 * 1024 * 1024),
    documentation: 'Size at which a new segment begins. Only whole segments are deleted.',
    fault: integer(14, 2 ** 31 - 1),
  },
  'segment.ms': {
    type: configType.long,
    default: String(7 * day),
    documentation: 'Age at which a new segment begins.',
    fault: integer(1, Number.MAX_SAFE_INTEGER),
  },
} as const satisfies Record<string, Setting>;

export type TopicSetting = keyof typeof topicSettings;
export type TopicConfig = Readonly<Record<string, string>>;

export function isTopicSetting(name: string): name is TopicSetting {
  return Object.hasOwn(topicSettings, name);
}

/** @throws RefusedError INVALID_CONFIG that names the first setting that is unknown or has an impossible value */
export function checkTopicConfig(config: TopicConfig): void {
  for (const [name, value] of Object.entries(config)) {
    if (!isTopicSetting(name)) {
      throw new RefusedError(ErrorCode.INVALID_CONFIG, `Unknown topic config name: ${name}`);
    }
    const fault = topicSettings[name].fault(value);
    if (fault !== undefined) {
      throw new RefusedError(ErrorCode.INVALID_CONFIG, `Invalid value ${value} for ${name}: ${fault}.`);
    }
  }
}
