import { Harness } from './harness.js';
import type { MqClient } from '../test-support/mq-client.js';

let harness: Harness;
let client: MqClient;

beforeEach(async () => {
  harness = await Harness.start({ mqsc: 'DEFINE QLOCAL(Q) DEFPSIST(YES) REPLACE', report: () => {} });
  client = await harness.connected();
  await client.call('open', { name: 'Q', options: ['OUTPUT', 'INPUT_SHARED'] });
});
afterEach(() => harness.close());

const put = (body: string) => client.reason('put', { object: 'Q', body, options: ['SYNCPOINT'] });

/** What is on the queue, seen through a new connection. */
async function bodies(): Promise<string[]> {
  const other = await harness.connected();
  await other.call('open', { name: 'Q', options: ['BROWSE'] });
  const found: string[] = [];
  while ((await other.reason('get', { object: 'Q', options: ['BROWSE_NEXT'] })) === 0) {
    found.push(
      (await other.call('get', { object: 'Q', options: ['BROWSE_MSG_UNDER_CURSOR'] })).body as string,
    );
  }
  await other.stop();
  return found;
}

test('dropped connections are 2009 and back out', async () => {
  await put('a');
  harness.queueManager.faults.dropConnections();
  expect(await client.reason('commit')).toBe(2009);
  expect(await bodies()).toEqual([]);
});

test.each([
  ['before', []],
  ['after', ['a']],
] as const)('a connection lost %s MQCMIT leaves %p', async (when, expected) => {
  await put('a');
  harness.queueManager.faults.dropConnectionAt('MQCMIT', when);
  expect(await client.reason('commit')).toBe(2009);
  expect(await bodies()).toEqual(expected);
});

test('a connection lost at the second MQPUT', async () => {
  harness.queueManager.faults.dropConnectionAt('MQPUT', 'after', 1);
  expect(await put('a')).toBe(0);
  expect(await put('b')).toBe(2009);
  expect(await bodies()).toEqual([]);
});

test('a connection lost after MQGET returns the message', async () => {
  await put('a');
  await client.call('commit');
  harness.queueManager.faults.dropConnectionAt('MQGET', 'after');
  expect(await client.reason('get', { object: 'Q', options: ['SYNCPOINT'] })).toBe(2009);
  expect(await bodies()).toEqual(['a']);
});

test('a commit that fails backs out', async () => {
  await put('a');
  harness.queueManager.faults.failNextCommit();
  expect(await client.reason('commit')).toBe(2003);
  expect(await bodies()).toEqual([]);
  await put('b');
  expect(await client.reason('commit')).toBe(0);
  expect(await bodies()).toEqual(['b']);
});

test('a full queue', async () => {
  await put('a');
  const restore = harness.queueManager.faults.fillQueue('Q');
  expect(await put('b')).toBe(2053);
  restore();
  expect(await put('b')).toBe(0);
});

describe('a disk that is full', () => {
  test('fails what needs it, and loses nothing', async () => {
    await put('kept');
    await client.call('commit');
    const restore = harness.queueManager.faults.failWrites();
    expect(await client.reason('put', { object: 'Q', body: 'x' })).toBe(2102);
    await put('lost');
    expect(await client.reason('commit')).toBe(2003);
    expect(await client.reason('get', { object: 'Q' })).toBe(2102);
    expect((await client.call('get', { object: 'Q', options: ['SYNCPOINT'] })).body).toBe('kept');
    expect(await client.reason('commit')).toBe(2003);
    expect(await bodies()).toEqual(['kept']);
    restore();
    expect(await client.reason('put', { object: 'Q', body: 'new' })).toBe(0);
    await harness.restart();
    expect(await bodies()).toEqual(['kept', 'new']);
  });

  test('does not hinder messages that are not persistent', async () => {
    harness.queueManager.faults.failWrites();
    expect(await client.reason('put', { object: 'Q', body: 'x', descriptor: { Persistence: 0 } })).toBe(0);
    expect((await client.call('get', { object: 'Q' })).body).toBe('x');
  });
});
