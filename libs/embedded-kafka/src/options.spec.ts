import { resolveOptions } from './options.js';

test('everything has a default', () => {
  expect(resolveOptions()).toMatchObject({
    host: '127.0.0.1',
    port: 0,
    partitions: 3,
    advertised: undefined,
  });
});

test.each([
  ['kafka.example:9092', { host: 'kafka.example', port: 9092 }],
  ['10.0.0.1:1', { host: '10.0.0.1', port: 1 }],
  ['[::1]:9092', { host: '::1', port: 9092 }],
])('%s is an address', (address, expected) => {
  expect(resolveOptions({ advertised: address }).advertised).toEqual(expected);
});

test.each([
  [{ port: 70_000 }, /port must be an integer from 0 to 65535, not 70000/],
  [{ partitions: 0 }, /partitions must be/],
  [{ partitions: 1.5 }, /partitions must be/],
  [{ retentionCheckMs: 2 ** 31 }, /retentionCheckMs must be/],
  [{ advertised: 'kafka' }, /advertised must be host:port/],
  [{ advertised: 'kafka:0' }, /port in advertised/],
])('%j is refused', (options, message) => {
  expect(() => resolveOptions(options)).toThrow(message);
});
