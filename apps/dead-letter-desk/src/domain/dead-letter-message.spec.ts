import { factsOf, givenId, jsonOf } from './dead-letter-message.js';

const ORDER = '0193e5a0-0000-7000-8000-000000000001';
const writtenAt = new Date('2026-01-02T03:04:05.006Z');
const message = (headers: Record<string, string> = {}, body = '') => ({
  headers,
  body: Buffer.from(body),
  writtenAt,
});

test('a letter of ours says what, why, by whom, how often and when', () => {
  const letter = message({
    ce_type: 'payment.processed',
    ce_id: 'e1',
    ce_subject: ORDER.toUpperCase(),
    dlt_id: ORDER,
    dlt_error: 'InvalidEventError',
    dlt_reason: 'The body is no JSON.',
    dlt_consumer: 'shipping',
    dlt_attempts: '4',
    dlt_first_time: '2026-01-01T00:00:00.000Z',
    dlt_last_time: '2026-01-01T00:00:01.000Z',
  });
  expect(givenId(letter)).toBe(ORDER);
  expect(factsOf(letter)).toEqual({
    type: 'payment.processed',
    eventId: 'e1',
    orderId: ORDER,
    error: 'InvalidEventError',
    reason: 'The body is no JSON.',
    consumer: 'shipping',
    attempts: 4,
    firstTriedAt: new Date('2026-01-01T00:00:00.000Z'),
    raisedAt: new Date('2026-01-01T00:00:01.000Z'),
  });
});

test('a letter that a stranger made says what can be seen', () => {
  const letter = message({}, JSON.stringify({ orderId: ORDER }));
  expect(givenId(letter)).toBeUndefined();
  expect(factsOf(letter)).toMatchObject({ type: null, orderId: ORDER, attempts: 1, raisedAt: writtenAt });
});

test.each([
  ['zero bytes', { dlt_reason: 'a\0b' }, { reason: 'ab' }],
  ['a count that is none', { dlt_attempts: '-1' }, { attempts: 1 }],
  ['a huge count', { dlt_attempts: '99999999999' }, { attempts: 1_000_000 }],
  ['a date that is none', { dlt_last_time: 'soon' }, { raisedAt: writtenAt }],
  ['a subject that is no order', { ce_subject: 'x' }, { orderId: null }],
  ['an endless reason', { dlt_reason: 'x'.repeat(10_000) }, { reason: 'x'.repeat(4_000) }],
])('%s does no harm', (_, headers, facts) => {
  expect(factsOf(message(headers as Record<string, string>))).toMatchObject(facts);
});

test('a body is JSON or it is not', () => {
  expect(jsonOf(Buffer.from('{"a":1}'))).toEqual({ a: 1 });
  expect(jsonOf(Buffer.from([0xff]))).toBeUndefined();
});
