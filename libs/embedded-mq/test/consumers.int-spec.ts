import type { MqClient } from '../test-support/mq-client.js';
import { Harness } from './harness.js';

// What any queue manager does is in test/conformance/ibm-mq; here it is stopped under its consumers.
const syncpoint = ['SYNCPOINT', 'FAIL_IF_QUIESCING', 'PROPERTIES_IN_HANDLE', 'CONVERT'];

let harness: Harness;
let consumer: MqClient;

beforeEach(async () => {
  harness = await Harness.start({ mqsc: 'DEFINE QLOCAL(A) REPLACE\nDEFINE QLOCAL(B) REPLACE' });
  consumer = await harness.connected();
  await consumer.call('tune', { parameters: { autoCtl: false } });
  for (const name of ['A', 'B']) await consumer.call('open', { name, options: ['INPUT_SHARED', 'INQUIRE'] });
});
afterEach(() => harness.close());

const control = (operation: string) => consumer.call('control', { operation });

test('the loss of the connection is an event with 2009, and every verb then ends with 2009', async () => {
  const sender = await harness.connected();
  await consumer.call('consume', { object: 'A', options: syncpoint, handle: true });
  await control('START');
  await sender.call('put1', { name: 'A', body: '1' });
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

test('a consumer may be deregistered while the others go on', async () => {
  const sender = await harness.connected();
  for (const object of ['A', 'B']) await consumer.call('consume', { object, options: ['NO_SYNCPOINT'] });
  await control('START');
  await consumer.call('stopConsuming', { object: 'A' });
  await sender.call('put1', { name: 'A', body: 'a' });
  await sender.call('put1', { name: 'B', body: 'b' });
  await consumer.delivered(1);
  expect(consumer.deliveries.map((delivery) => delivery.body)).toEqual(['b']);
});

test('several consumers of a connection take turns', async () => {
  const sender = await harness.connected();
  for (const object of ['A', 'B']) {
    await consumer.call('consume', { object, options: ['NO_SYNCPOINT'], resumeUntil: 100 });
    for (const body of ['1', '2', '3']) await sender.call('put1', { name: object, body: object + body });
  }
  await control('START');
  await consumer.delivered(6);
  const first = consumer.deliveries.slice(0, 2).map((delivery) => delivery.object);
  expect(new Set(first)).toEqual(new Set(['A', 'B']));
});
