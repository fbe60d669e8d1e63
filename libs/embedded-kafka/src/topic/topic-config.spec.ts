import { ErrorCode } from '../protocol/errors.js';
import { checkTopicConfig, topicSettings } from './topic-config.js';

test('the defaults are valid', () => {
  const defaults = Object.entries(topicSettings).map(([name, setting]) => [name, setting.default]);
  expect(() => checkTopicConfig(Object.fromEntries(defaults) as Record<string, string>)).not.toThrow();
});

test.each([
  [{ 'retention.ms': 'soon' }, /retention.ms/],
  [{ 'retention.ms': '-2' }, /retention.ms/],
  [{ 'segment.bytes': '13' }, /segment.bytes/],
  [{ 'segment.bytes': '1e9' }, /segment.bytes/],
  [{ 'cleanup.policy': 'compact' }, /nothing else is implemented/],
  [{ toString: 'x' }, /Unknown topic config name: toString/],
])('%j is refused', (config, message) => {
  expect(() => checkTopicConfig(config as unknown as Record<string, string>)).toThrow(message);
  expect(() => checkTopicConfig(config as unknown as Record<string, string>)).toThrow(
    expect.objectContaining({ code: ErrorCode.INVALID_CONFIG }),
  );
});
