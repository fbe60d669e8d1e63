import type { RequestOf } from '../protocol/api.js';
import { ErrorCode, RefusedError } from '../protocol/errors.js';
import type { alterConfigsApi } from '../protocol/messages/alter-configs.js';
import type { describeConfigsApi } from '../protocol/messages/describe-configs.js';
import type { incrementalAlterConfigsApi } from '../protocol/messages/incremental-alter-configs.js';
import {
  checkTopicConfig,
  configType,
  isTopicSetting,
  topicSettings,
  type TopicConfig,
  type TopicSetting,
} from '../topic/topic-config.js';
import type { Topic } from '../topic/topic.js';
import { attempt, nodeId, type Handler, type Services } from './handler.js';

const resourceType = { topic: 2, broker: 4 } as const;
/** Where a value comes from. */
const source = { topic: 1, brokerStatic: 4, default: 5 } as const;
const operation = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

/** The settings of a topic as CreateTopics and DescribeConfigs report them. */
export function describeTopicConfig(topic: Topic, withDocumentation = false) {
  return (Object.keys(topicSettings) as TopicSetting[]).map((name) => {
    const { type, default: fallback, documentation } = topicSettings[name];
    const value = topic.setting(name);
    const isSet = topic.config[name] !== undefined;
    const unset = value === fallback ? source.default : source.brokerStatic;
    return {
      name,
      value,
      readOnly: false,
      isSensitive: false,
      source: isSet ? source.topic : unset,
      synonyms: [],
      type,
      documentation: withDocumentation ? documentation : null,
    };
  });
}

export function describeConfigs({ topics, settings }: Services): Handler<typeof describeConfigsApi> {
  function describeBroker(withDocumentation: boolean) {
    const { string, int, boolean } = configType;
    const values = [
      ['broker.id', int, nodeId, 'The only broker there is.'],
      ['log.dirs', string, settings.dataDir, 'The data folder.'],
      [
        'num.partitions',
        int,
        settings.defaultPartitions,
        'Partitions of a topic when the client does not say.',
      ],
      ['auto.create.topics.enable', boolean, settings.autoCreateTopics, 'Topics are created when asked for.'],
      ['default.replication.factor', int, 1, 'There is one replica.'],
      [
        'group.min.session.timeout.ms',
        int,
        settings.minSessionTimeoutMs,
        'Bound of what members may ask for.',
      ],
      [
        'group.max.session.timeout.ms',
        int,
        settings.maxSessionTimeoutMs,
        'Bound of what members may ask for.',
      ],
    ] as const;
    return values.map(([name, type, value, documentation]) => ({
      name,
      value: String(value),
      readOnly: true,
      source: source.brokerStatic,
      synonyms: [],
      type,
      documentation: withDocumentation ? documentation : null,
    }));
  }

  function describe(type: number, name: string, withDocumentation: boolean) {
    if (type === resourceType.topic) {
      return describeTopicConfig(requireTopic(topics.get(name)), withDocumentation);
    }
    if (type === resourceType.broker && (name === '' || name === String(nodeId))) {
      return describeBroker(withDocumentation);
    }
    throw new RefusedError(ErrorCode.INVALID_REQUEST, 'Only topics and the broker have configuration.');
  }

  return async (request) => {
    const described = [];
    for (const { type, name, keys } of request.resources) {
      const {
        errorCode,
        errorMessage,
        value = [],
      } = await attempt(() => describe(type, name, request.includeDocumentation));
      const configs = value.filter(
        (config) => keys === null || keys.length === 0 || keys.includes(config.name),
      );
      described.push({ errorCode, errorMessage, type, name, configs });
    }
    return { resources: described };
  };
}

export function alterConfigs(services: Services): Handler<typeof alterConfigsApi> {
  return async (request) => {
    const altered = [];
    for (const { type, name, configs } of request.resources) {
      const outcome = await attempt(() =>
        configure(services, type, name, request.validateOnly, () => asConfig(configs)),
      );
      altered.push({ errorCode: outcome.errorCode, errorMessage: outcome.errorMessage, type, name });
    }
    return { resources: altered };
  };
}

export function incrementalAlterConfigs(services: Services): Handler<typeof incrementalAlterConfigsApi> {
  return async (request) => {
    const altered = [];
    for (const { type, name, configs } of request.resources) {
      const outcome = await attempt(() =>
        configure(services, type, name, request.validateOnly, (topic) => amended(topic.config, configs)),
      );
      altered.push({ errorCode: outcome.errorCode, errorMessage: outcome.errorMessage, type, name });
    }
    return { resources: altered };
  };
}

async function configure(
  { topics }: Services,
  type: number,
  name: string,
  validateOnly: boolean,
  change: (topic: Topic) => TopicConfig,
): Promise<void> {
  if (type !== resourceType.topic) {
    throw new RefusedError(
      ErrorCode.INVALID_REQUEST,
      'Only the configuration of topics can be changed; that of the broker is given when it is started.',
    );
  }
  const topic = requireTopic(topics.get(name));
  const config = change(topic);
  checkTopicConfig(config);
  if (!validateOnly) await topics.configure(topic, config);
}

type Amendment = RequestOf<typeof incrementalAlterConfigsApi>['resources'][number]['configs'][number];

function amended(config: TopicConfig, amendments: readonly Amendment[]): TopicConfig {
  const result: Record<string, string> = { ...config };
  for (const { name, operation: wanted, value } of amendments) {
    if (wanted === operation.delete) {
      delete result[name];
      continue;
    }
    if (value === null) throw new RefusedError(ErrorCode.INVALID_REQUEST, `${name} is given no value.`);
    result[name] = wanted === operation.set ? value : amendedList(result, name, wanted, value);
  }
  return result;
}

/** A list is one value with commas. */
function amendedList(config: TopicConfig, name: string, wanted: number, value: string): string {
  if (!isTopicSetting(name) || topicSettings[name].type !== configType.list) {
    throw new RefusedError(ErrorCode.INVALID_CONFIG, `${name} is no list to which something could be added.`);
  }
  const current = (config[name] ?? topicSettings[name].default).split(',').filter((item) => item !== '');
  const given = value.split(',');
  switch (wanted) {
    case operation.append:
      return [...new Set([...current, ...given])].join(',');
    case operation.subtract:
      return current.filter((item) => !given.includes(item)).join(',');
    default:
      throw new RefusedError(ErrorCode.INVALID_REQUEST, `There is no operation ${wanted}.`);
  }
}

function asConfig(configs: readonly { name: string; value: string | null }[]): TopicConfig {
  const set = configs.filter((config): config is { name: string; value: string } => config.value !== null);
  return Object.fromEntries(set.map(({ name, value }) => [name, value]));
}

function requireTopic(topic: Topic | undefined): Topic {
  if (topic === undefined) {
    throw new RefusedError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'There is no such topic.');
  }
  return topic;
}
