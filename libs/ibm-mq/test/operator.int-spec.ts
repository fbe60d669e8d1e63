import { jest } from '@jest/globals';
import { Harness, type RawDelivery, type Units } from './harness.js';

// Each test starts processes, on machines that may be busy.
jest.setTimeout(60_000);

const SAME_ID = 'abcdef'.padEnd(48, '0');
let harness: Harness;
let operator: Units;
beforeEach(async () => {
  harness = await Harness.start();
  operator = await harness.sender();
});
afterEach(() => harness.close());

test('browsing shows every message with all it has, however long, and leaves it where it is', async () => {
  const long = 'x'.repeat(200_000);
  await operator.send(
    { queue: 'IN.BOQ', body: 'a', headers: { ce_id: '1' } },
    { queue: 'IN.BOQ', body: long },
  );
  for (let look = 0; look < 2; look++) {
    expect(await operator.browse('IN.BOQ')).toMatchObject([
      { text: 'a', headers: { ce_id: '1' }, backoutCount: 0 },
      { text: long },
    ]);
  }
  expect(await operator.depth('IN.BOQ')).toBe(2);
  expect(await operator.browse('IN')).toEqual([]);
});

test('a message that is moved keeps its id, context and all it had before it was marked', async () => {
  const raw = await harness.raw();
  const data = Buffer.from('plain').toString('base64');
  await raw.put({ queue: 'IN', data, descriptor: { Format: 'MQSTR', Priority: 7, Persistence: 1 } });
  const consumer = await harness.consumer({ queues: { IN: {} } });
  const unit = await consumer.unit();
  await consumer.decide(unit, { reject: [{ index: 0, headers: { dlt_reason: 'why' } }] });
  await consumer.observed('requeued');
  const messageId = unit.messages[0]?.messageId as string;
  const [letter] = await operator.browse('IN.BOQ');
  expect(letter).toMatchObject({ messageId, headers: { dlt_reason: 'why' } });
  expect(await operator.backoutQueueOf('IN')).toBe('IN.BOQ');
  const move = { queue: 'IN.BOQ', messageId, target: 'OUT', drops: 'dlt_' };
  expect(await operator.move(move)).toBe(true);
  expect(await operator.move(move)).toBe(false);
  const moved = (await raw.get('OUT')) as RawDelivery;
  expect(Buffer.from(moved.data, 'base64').toString()).toBe('plain');
  expect(moved.descriptor).toMatchObject({ MsgId: messageId, Format: 'MQSTR', Priority: 7, Persistence: 1 });
  expect(moved.descriptor['PutApplName']).toBe(unit.messages[0]?.putBy);
  expect([await operator.depth('IN.BOQ'), await operator.depth('OUT')]).toEqual([0, 0]);
});

test('of messages with one id the chosen one is moved, changed as asked', async () => {
  for (const ce_id of ['1', '2', '3'])
    await operator.send({
      queue: 'IN.BOQ',
      body: ce_id,
      messageId: SAME_ID,
      headers: { ce_id, kept: 'as is' },
    });
  const change = { ce_id: '2', headers: { ce_id: 'new' }, body: 'other' };
  expect(await operator.move({ queue: 'IN.BOQ', messageId: SAME_ID, target: 'OUT', ...change })).toBe(true);
  expect((await operator.browse('IN.BOQ')).map(({ text }) => text)).toEqual(['1', '3']);
  expect(await operator.browse('OUT')).toMatchObject([
    { text: 'other', messageId: SAME_ID, headers: { ce_id: 'new', kept: 'as is' } },
  ]);
});

test('a message that cannot be moved stays', async () => {
  await operator.send({ queue: 'IN.BOQ', body: 'a', messageId: SAME_ID });
  const move = { queue: 'IN.BOQ', messageId: SAME_ID, target: 'NOWHERE' };
  await expect(operator.move(move)).rejects.toMatchObject({ message: expect.stringContaining('2085') });
  expect(await operator.browse('IN.BOQ')).toMatchObject([{ text: 'a' }]);
});

test('a message that is removed is gone; one that is not there is none', async () => {
  await operator.send({ queue: 'IN.BOQ', body: 'a', messageId: SAME_ID }, { queue: 'IN.BOQ', body: 'b' });
  expect(await operator.remove('IN.BOQ', SAME_ID)).toBe(true);
  expect(await operator.remove('IN.BOQ', SAME_ID)).toBe(false);
  expect((await operator.browse('IN.BOQ')).map(({ text }) => text)).toEqual(['b']);
});

test('of two that move the same message one does', async () => {
  await operator.send({ queue: 'IN.BOQ', body: 'a', messageId: SAME_ID });
  const other = await harness.sender();
  const move = { queue: 'IN.BOQ', messageId: SAME_ID, target: 'OUT' };
  const moved = await Promise.all([operator.move(move), other.move(move)]);
  expect(moved.toSorted()).toEqual([false, true]);
  expect(await operator.depth('OUT')).toBe(1);
});
