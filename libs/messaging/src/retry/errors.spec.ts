import { QueryRunnerAlreadyReleasedError, QueryRunnerProviderAlreadyReleasedError } from 'typeorm';
import { isTransient, PermanentError, StoreUnavailableError } from './errors.js';

const withCode = (code: string) => Object.assign(new Error('from the driver'), { code });

test.each([
  ...['ECONNREFUSED', '57P01', '57P03', '40001', '40P01', '53300', '53100', '08006', '25006', '25P03'],
  // Everyday answers: maintenance, a cancelled statement, a password or grant that is being changed, a migration.
  ...['55000', '57014', '28P01', '28000', '3D000', '42P01', '42703', '42501', '0A000', '26000', 'XX000'],
  ...['CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS_CERT_ALTNAME_INVALID', 'EPROTO', 'EMFILE'],
])('%s is transient', (code) => expect(isTransient(withCode(code))).toBe(true));

test.each([
  '23505',
  '22P02',
  '22021',
  '21000',
  '44000',
  '54000',
  'P0001',
  '25P02',
  'ENOENT',
  'NO_SUCH_ORDER',
])('%s is not transient', (code) => expect(isTransient(withCode(code))).toBe(false));

test('whatever keeps a connection from being made is transient', () => {
  expect(
    isTransient(new StoreUnavailableError(new Error('The server does not support SSL connections'))),
  ).toBe(true);
});

test('the cause and the driver error decide, too', () => {
  expect(isTransient(new Error('wrapped', { cause: withCode('57P01') }))).toBe(true);
  expect(isTransient(Object.assign(new Error('query failed'), { driverError: withCode('40P01') }))).toBe(
    true,
  );
  expect(isTransient(new Error('Connection terminated unexpectedly'))).toBe(true);
});

test.each([new QueryRunnerAlreadyReleasedError(), new QueryRunnerProviderAlreadyReleasedError()])(
  'a statement after the end of its connection is transient: %p',
  (error) => expect(isTransient(error)).toBe(true),
);

test('programming errors and permanent errors are not transient', () => {
  expect(isTransient(new TypeError('x is undefined'))).toBe(false);
  expect(isTransient(new PermanentError('unknown order'))).toBe(false);
  expect(isTransient('text')).toBe(false);
});
