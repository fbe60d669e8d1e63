import { z } from 'zod';
import { ConfigError, flag, loadConfig } from './load-config.js';

const shape = {
  PORT: z.coerce.number().int().min(1).max(65_535).describe('port to listen on'),
  BROKERS: z.string().describe('comma-separated host:port'),
  SEED: flag.default(false).describe('true or false'),
};

test('reads, converts and defaults', () => {
  expect(loadConfig(shape, { PORT: '8081', BROKERS: 'a:1', SEED: 'true', OTHER: 'x' })).toEqual({
    PORT: 8081,
    BROKERS: 'a:1',
    SEED: true,
  });
  expect(loadConfig(shape, { PORT: '8081', BROKERS: 'a:1' }).SEED).toBe(false);
});

test('names every missing and wrong variable in one line', () => {
  const load = () => loadConfig(shape, { PORT: '70000', BROKERS: '', SEED: 'yes' });
  expect(load).toThrow(ConfigError);
  expect(load).toThrow(
    /^Configuration: PORT is wrong: .*\(port to listen on\); BROKERS is missing \(comma-separated host:port\); SEED is wrong: [^\n]*$/,
  );
});
