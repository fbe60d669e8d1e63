import { deadLetterHeaders, reasonOf } from './dead-letter-headers.js';

test('a dead letter tells what, why, by whom, how often and when', () => {
  const firstTried = new Date('2026-01-02T03:04:05.006Z');
  const lastTried = new Date('2026-01-02T03:04:06.006Z');
  const error = new TypeError('No such thing.');
  expect(deadLetterHeaders('payment', { error, attempts: 4, firstTried, lastTried })).toEqual({
    dlt_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    dlt_error: 'TypeError',
    dlt_reason: 'No such thing.',
    dlt_attempts: '4',
    dlt_consumer: 'payment',
    dlt_first_time: '2026-01-02T03:04:05.006Z',
    dlt_last_time: '2026-01-02T03:04:06.006Z',
  });
});

test('a reason has no stack, no control characters and an end', () => {
  const stack = new Error('inner').stack as string;
  expect(reasonOf(new Error(`Failed: ${stack}\n  at the end`))).not.toMatch(/ at /);
  expect(reasonOf(new Error(`Failed: ${stack}`))).toBe('Failed: Error: inner');
  expect(reasonOf(new Error('a\u0000b\nc'))).toBe('a b\nc');
  expect(reasonOf(new Error('x'.repeat(5_000)))).toHaveLength(2_000);
});
