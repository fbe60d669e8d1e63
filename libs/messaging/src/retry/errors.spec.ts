import { isTransient, PermanentError } from './errors.js';

const withCode = (code: string) => Object.assign(new Error('from the driver'), { code });

test.each(['ECONNREFUSED', '57P01', '57P03', '40001', '40P01', '53300', '53100', '08006', '25006', '25P03'])(
  '%s is transient',
  (code) => expect(isTransient(withCode(code))).toBe(true),
);

test.each(['23505', '22P02', '42703', '57014'])('%s is not transient', (code) =>
  expect(isTransient(withCode(code))).toBe(false),
);

test('the cause and the driver error decide, too', () => {
  expect(isTransient(new Error('wrapped', { cause: withCode('57P01') }))).toBe(true);
  expect(isTransient(Object.assign(new Error('query failed'), { driverError: withCode('40P01') }))).toBe(
    true,
  );
  expect(isTransient(new Error('Connection terminated unexpectedly'))).toBe(true);
});

test('programming errors and permanent errors are not transient', () => {
  expect(isTransient(new TypeError('x is undefined'))).toBe(false);
  expect(isTransient(new PermanentError('unknown order'))).toBe(false);
  expect(isTransient('text')).toBe(false);
});
