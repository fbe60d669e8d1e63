import { jest } from '@jest/globals';
import { Harness, type RawDelivery } from './harness.js';
import type { Program } from './program.js';

// Each test starts processes, on machines that may be busy.
jest.setTimeout(60_000);

let harness: Harness;
let app: Program;
beforeEach(async () => {
  harness = await Harness.start(`
    DEFINE QLOCAL(ORDERS) BOTHRESH(1) BOQNAME(ORDERS.BOQ)
    DEFINE QLOCAL(ORDERS.BOQ)
    DEFINE QLOCAL(SEEN)
    DEFINE QLOCAL(BATCH)
    DEFINE QLOCAL(PRICES)
    DEFINE QLOCAL(REPLIES)
    DEFINE QLOCAL(ELSEWHERE)
    DEFINE QLOCAL(FOREIGN.REPLIES)
  `);
  app = await harness.program('nest-app', { MQ_ADDRESS: `127.0.0.1(${harness.proxy.port})` });
});
afterEach(() => harness.close());

const emit = (queue: string, payload: unknown, headers?: Record<string, unknown>) =>
  app.call('emit', { queue, payload, headers });
const request = (payload: unknown) => app.call('request', { queue: 'PRICES', payload });

test('an event runs through interceptor and handler, and is committed with what the handler sent', async () => {
  await emit('ORDERS', { id: 1 }, { ce_id: 'a' });
  expect(await app.event('order')).toEqual({ order: { id: 1 }, queue: 'ORDERS', headers: { ce_id: 'a' } });
  await app.event('intercepted');
  const raw = await harness.raw();
  await emit('ORDERS', { id: 2 });
  await app.event('order');
  await app.event('intercepted');
  // The second was taken after the first was committed.
  expect(await raw.get('SEEN')).toMatchObject({ data: Buffer.from('1').toString('base64') });
  // A handler of another transport does not get it.
  expect(app.told('kafka')).toEqual([]);
});

test('a handler that fails, and a guard that refuses, back out; the filter sees why', async () => {
  await emit('ORDERS', { id: -1 });
  expect(await app.event('filtered')).toBe('no such order');
  await emit('ORDERS', { id: 5 }, { invited: false });
  expect(await app.event('filtered')).toMatch(/forbidden/i);
  await emit('ORDERS', { id: 6 });
  await app.event('intercepted');
  expect(await app.call('depth', 'ORDERS.BOQ')).toBe(2);
  expect(await app.call('depth', 'SEEN')).toBeLessThanOrEqual(1);
});

test('a batch handler gets the payloads of a unit of work', async () => {
  await emit('BATCH', { id: 1 });
  expect(await app.event('batch')).toEqual({ orders: [{ id: 1 }], messages: 1 });
});

test('a request gets its reply, several, none, or an error', async () => {
  expect(await request({ id: 7 })).toEqual([700]);
  expect(await request({ id: 3 })).toEqual([1, 2, 3]);
  expect(await request({ id: 4 })).toEqual([4]);
  expect(await request({ id: 0 })).toEqual([]);
  await expect(request({ id: -1 })).rejects.toMatchObject({ message: 'no such price' });
  await expect(request({ id: 'x' })).rejects.toMatchObject({ message: 'Internal server error' });
  expect(await Promise.all([request({ id: 1 }), request({ id: 2 })])).toEqual([[100], [200]]);
});

test('a request without a reply in time fails and expires', async () => {
  await expect(app.call('request', { queue: 'ELSEWHERE', payload: {} })).rejects.toMatchObject({
    name: 'IbmMqTimeoutError',
  });
  const raw = await harness.raw();
  expect(await raw.get('ELSEWHERE')).toBeNull();
  await expect(app.call('requestWithoutReplyQueue')).rejects.toThrow('replyQueue');
});

test.each([
  ['the message id by default', 0, '', 'aa'],
  ['ids as the report options ask', 0x40 | 0x80, 'aa', 'bb'],
])('a foreign request gets a plain reply with %s', async (_case, report, messageId, correlationId) => {
  const raw = await harness.raw();
  await raw.put({
    queue: 'PRICES',
    data: Buffer.from('{"id":5}').toString('base64'),
    descriptor: {
      MsgType: 1,
      Format: 'MQSTR',
      CodedCharSetId: 1208,
      MsgId: 'aa'.repeat(24),
      CorrelId: 'bb'.repeat(24),
      ReplyToQ: 'FOREIGN.REPLIES',
      Report: report,
      Persistence: 1,
      Priority: 3,
    },
  });
  let reply: RawDelivery | null = null;
  while (!reply) reply = await raw.get('FOREIGN.REPLIES');
  expect(Buffer.from(reply.data, 'base64').toString()).toBe('500');
  expect(reply.descriptor).toMatchObject({
    MsgType: 2,
    Format: 'MQSTR',
    MsgId: expect.stringContaining(messageId.repeat(24)) as string,
    CorrelId: correlationId.repeat(24),
    Persistence: 1,
    Priority: 3,
  });
});

test('the health indicator asks, and says what is wrong', async () => {
  expect(await app.call('health')).toMatchObject({ mq: { status: 'up' } });
  harness.proxy.refuse();
  let health: { mq: { status: string; message?: string } };
  do health = await app.call('health');
  while (health.mq.status === 'up');
  expect(health.mq.message).toContain('connection');
});

test('closing the application closes the connections', async () => {
  expect(await app.call('close')).toBe('closed');
});
