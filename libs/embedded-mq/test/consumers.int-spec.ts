import { Harness } from './harness.js';
import type { MqClient } from './mq-client.js';

const mqsc = `
DEFINE QLOCAL(A) REPLACE
DEFINE QLOCAL(B) REPLACE
`;
const syncpoint = ['SYNCPOINT', 'FAIL_IF_QUIESCING', 'PROPERTIES_IN_HANDLE', 'CONVERT'];

let harness: Harness;
let sender: MqClient;
let consumer: MqClient;

beforeEach(async () => {
  harness = await Harness.start({ mqsc });
  sender = await harness.connected();
  consumer = await harness.connected();
  await consumer.call('tune', { parameters: { autoCtl: false } });
  for (const name of ['A', 'B']) {
    await sender.call('open', { name, options: ['OUTPUT', 'INPUT_SHARED'] });
    await consumer.call('open', { name, options: ['INPUT_SHARED', 'INQUIRE'] });
  }
});
afterEach(() => harness.close());

const put = (object: string, body: string, more: Record<string, unknown> = {}) =>
  sender.call('put', { object, body, ...more });
const control = (operation: string) => consumer.call('control', { operation });
const bodies = () => consumer.deliveries.map((delivery) => delivery.body ?? delivery.reason);
const sortedBodies = (count: number) =>
  consumer.deliveries
    .slice(0, count)
    .map((delivery) => delivery.body!)
    .toSorted((a, b) => a.localeCompare(b));

test('one message is delivered per start and resume, with its properties', async () => {
  await consumer.call('consume', { object: 'A', options: syncpoint, handle: true });
  await put('A', '1', { properties: { ce_id: 'x', attempt: 2 } });
  await put('A', '2');
  await control('START');
  await consumer.delivered(1);
  expect(consumer.deliveries[0]).toMatchObject({ body: '1', properties: { ce_id: 'x', attempt: 2 } });
  // The second stays on the queue until it is asked for.
  expect((await sender.call('get', { object: 'A' })).body).toBe('2');
  await put('A', '3');
  await control('RESUME');
  await consumer.delivered(2);
  expect(bodies()).toEqual(['1', '3']);
  expect(consumer.deliveries[1]!.properties).toEqual({});
});

test('resume takes the next message into the same unit of work; backout returns all, in order', async () => {
  await consumer.call('consume', { object: 'A', options: syncpoint, handle: true, resumeUntil: 3 });
  for (const body of ['1', '2', '3', '4']) await put('A', body);
  await control('START');
  await consumer.delivered(3);
  await consumer.call('backout');
  await control('RESUME');
  await consumer.delivered(4);
  expect(bodies()).toEqual(['1', '2', '3', '1']);
  expect(consumer.deliveries[3]!.descriptor).toMatchObject({ BackoutCount: 1 });
  await consumer.call('commit');
  await consumer.call('control', { operation: 'SUSPEND' });
  const rest = [await sender.call('get', { object: 'A' }), await sender.call('get', { object: 'A' })];
  expect(rest.map((message) => message.body)).toEqual(['2', '3']);
});

test('verbs from other threads are refused while consumption is started, and allowed while it is suspended', async () => {
  await consumer.call('consume', { object: 'A', options: syncpoint, handle: true });
  await control('START');
  const inquiry = { object: 'A', selectors: ['MQIA_CURRENT_Q_DEPTH'] };
  expect(await consumer.reason('commit')).toBe(2500);
  expect(await consumer.reason('inquire', inquiry)).toBe(2500);
  await control('SUSPEND');
  expect(await consumer.reason('inquire', inquiry)).toBe(0);
  await control('RESUME');
  expect(await consumer.reason('commit')).toBe(2500);
});

test('nothing is delivered while suspended or stopped', async () => {
  await consumer.call('consume', { object: 'A', options: syncpoint, handle: true });
  await control('START');
  await control('SUSPEND');
  await put('A', '1');
  expect((await sender.call('get', { object: 'A' })).body).toBe('1');
  await control('RESUME');
  await control('STOP');
  await put('A', '2');
  expect((await sender.call('get', { object: 'A' })).body).toBe('2');
  expect(consumer.deliveries).toEqual([]);
  await control('START');
  await put('A', '3');
  await consumer.delivered(1);
});

test('operations that do not fit the state end with 2534', async () => {
  expect(await consumer.reason('control', { operation: 'SUSPEND' })).toBe(2534);
  expect(await consumer.reason('control', { operation: 'RESUME' })).toBe(2534);
  await consumer.call('consume', { object: 'A', options: syncpoint, handle: true });
  await control('START');
  await control('SUSPEND');
  expect(await consumer.reason('control', { operation: 'START' })).toBe(2534);
});

test('several consumers of a connection take turns', async () => {
  for (const object of ['A', 'B']) {
    await consumer.call('consume', { object, options: ['NO_SYNCPOINT'], resumeUntil: 100 });
    for (const body of ['1', '2', '3']) await put(object, object + body);
  }
  await control('START');
  await consumer.delivered(6);
  expect(sortedBodies(6)).toEqual(['A1', 'A2', 'A3', 'B1', 'B2', 'B3']);
  expect(sortedBodies(2)).toEqual(['A1', 'B1']);
});

test('a finite wait ends with 2033, and the consumer goes on', async () => {
  await consumer.call('consume', { object: 'A', options: ['NO_SYNCPOINT', 'WAIT'], wait: 50 });
  await control('START');
  await consumer.delivered(1);
  await put('A', '1');
  await control('RESUME');
  await consumer.delivered(2);
  expect(bodies()).toEqual([2033, '1']);
});

test('a consumer that is deregistered gets nothing more; the other goes on', async () => {
  for (const object of ['A', 'B']) await consumer.call('consume', { object, options: ['NO_SYNCPOINT'] });
  await control('START');
  await consumer.call('stopConsuming', { object: 'A' });
  await put('A', 'a');
  await put('B', 'b');
  await consumer.delivered(1);
  expect(bodies()).toEqual(['b']);
  expect((await sender.call('get', { object: 'A' })).body).toBe('a');
});

test('the consumer is told when gets are inhibited, and gets messages again afterwards', async () => {
  await consumer.call('consume', { object: 'A', options: ['NO_SYNCPOINT'] });
  await control('START');
  await sender.call('open', { object: 'setter', name: 'A', options: ['SET'] });
  await sender.call('set', { object: 'setter', values: { MQIA_INHIBIT_GET: 1 } });
  await consumer.delivered(1);
  await control('RESUME');
  await put('A', '1');
  await sender.call('set', { object: 'setter', values: { MQIA_INHIBIT_GET: 0 } });
  await consumer.delivered(2);
  expect(bodies()).toEqual([2016, '1']);
});

test('the loss of the connection is an event with 2009, and every verb then ends with 2009', async () => {
  await consumer.call('consume', { object: 'A', options: syncpoint, handle: true });
  await control('START');
  await put('A', '1');
  await consumer.delivered(1);
  await harness.restart();
  await control('RESUME');
  await consumer.delivered(2);
  expect(consumer.deliveries[1]).toMatchObject({ event: 'failure', object: 'A', reason: 2009 });
  expect(await consumer.reason('commit')).toBe(2009);
  expect(await consumer.reason('control', { operation: 'RESUME' })).toBe(2009);
  expect(await consumer.reason('disconnect')).toBe(2009);
  await consumer.call('connect');
  expect(await consumer.reason('commit')).toBe(0);
});

test('a consumer that waits is told when the queue manager stops', async () => {
  await consumer.call('consume', { object: 'A', options: syncpoint, handle: true });
  await control('START');
  await harness.restart();
  await consumer.delivered(1);
  // 2162 when the request for a message had arrived, 2009 when the connection was faster to end.
  expect([2009, 2162]).toContain(consumer.deliveries[0]!.reason);
});

test('the default strategy of ibmmq, with automatic suspend and resume, delivers everything', async () => {
  await consumer.call('tune', { parameters: { autoCtl: true } });
  await consumer.call('consume', { object: 'A', options: ['NO_SYNCPOINT'] });
  await control('START');
  await sender.call('put', { object: 'A', size: 100, numbered: 1, times: 200 });
  await consumer.delivered(200);
  const numbers = consumer.deliveries.map((delivery) =>
    Buffer.from(delivery.body!, 'latin1').readUInt32BE(0),
  );
  expect(numbers).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
});
