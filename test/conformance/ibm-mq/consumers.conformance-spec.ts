import { type MqClient, queueManagerUnderTest } from './under-test.js';

const queueManager = queueManagerUnderTest();
const A = 'CONF.A';
const B = 'CONF.B';
const syncpoint = ['SYNCPOINT', 'FAIL_IF_QUIESCING', 'PROPERTIES_IN_HANDLE', 'CONVERT'];

let sender: MqClient;
let consumer: MqClient;

beforeEach(async () => {
  sender = await queueManager.connected();
  consumer = await queueManager.connected();
  // Each delivery suspends the connection until the program resumes it.
  await consumer.call('tune', { parameters: { autoCtl: false } });
  for (const name of [A, B]) {
    await sender.call('open', { name, options: ['OUTPUT', 'INPUT_SHARED'] });
    await consumer.call('open', { name, options: ['INPUT_SHARED', 'INQUIRE'] });
  }
});

const put = (object: string, body: string, more: Record<string, unknown> = {}) =>
  sender.call('put', { object, body, ...more });
const take = async (object: string) => (await sender.call('get', { object })).body as string;
const consume = (object: string, more: Record<string, unknown> = {}) =>
  consumer.call('consume', { object, options: syncpoint, handle: true, ...more });
const control = (operation: string) => consumer.call('control', { operation });
const bodies = () => consumer.deliveries.map((delivery) => delivery.body ?? delivery.reason);

describe('MQCB', () => {
  test('one message is delivered per start and resume, with its properties', async () => {
    await consume(A);
    await put(A, '1', { properties: { ce_id: 'x', attempt: 2 } });
    await put(A, '2');
    await control('START');
    await consumer.delivered(1);
    expect(consumer.deliveries[0]).toMatchObject({ body: '1', properties: { ce_id: 'x', attempt: 2 } });
    // The second stays on the queue until it is asked for.
    expect(await take(A)).toBe('2');
    await put(A, '3');
    await control('RESUME');
    await consumer.delivered(2);
    expect(bodies()).toEqual(['1', '3']);
    expect(consumer.deliveries[1]!.properties).toEqual({});
  });

  test('the next message comes into the same unit of work; backout returns all, in order', async () => {
    await consume(A, { resumeUntil: 3 });
    for (const body of ['1', '2', '3', '4']) await put(A, body);
    await control('START');
    await consumer.delivered(3);
    await consumer.call('backout');
    await control('RESUME');
    await consumer.delivered(4);
    expect(bodies()).toEqual(['1', '2', '3', '1']);
    expect(consumer.deliveries[3]!.descriptor).toMatchObject({ BackoutCount: 1 });
    await consumer.call('commit');
    expect([await take(A), await take(A), await take(A)]).toEqual(['2', '3', '4']);
  });

  test('what is put later is delivered too', async () => {
    await consume(A, { resumeUntil: 100 });
    await control('START');
    for (const body of ['1', '2', '3']) await put(A, body);
    await consumer.delivered(3);
    expect(bodies()).toEqual(['1', '2', '3']);
  });

  test('several consumers of a connection are all served', async () => {
    for (const object of [A, B]) {
      await consume(object, { options: ['NO_SYNCPOINT'], handle: false, resumeUntil: 100 });
      for (const number of [1, 2, 3]) await put(object, `${object} ${number}`);
    }
    await control('START');
    await consumer.delivered(6);
    const of = (object: string) => bodies().filter((body) => String(body).startsWith(object));
    expect([of(A), of(B)]).toEqual([
      [`${A} 1`, `${A} 2`, `${A} 3`],
      [`${B} 1`, `${B} 2`, `${B} 3`],
    ]);
  });

  test('a finite wait ends with 2033, and the consumer goes on', async () => {
    await consume(A, { options: ['NO_SYNCPOINT', 'WAIT'], handle: false, wait: 50 });
    await control('START');
    await consumer.delivered(1);
    await put(A, '1');
    await control('RESUME');
    await consumer.delivered(2);
    expect(bodies()).toEqual([2033, '1']);
  });

  test('a consumer that is deregistered gets nothing more; the other goes on', async () => {
    for (const object of [A, B]) await consume(object, { options: ['NO_SYNCPOINT'], handle: false });
    await control('START');
    await control('SUSPEND');
    await consumer.call('stopConsuming', { object: A });
    await control('RESUME');
    await put(A, 'a');
    await put(B, 'b');
    await consumer.delivered(1);
    expect(bodies()).toEqual(['b']);
    expect(await take(A)).toBe('a');
  });

  test('the consumer is told when gets are inhibited, and gets messages again afterwards', async () => {
    await consume(A, { options: ['NO_SYNCPOINT'], handle: false });
    await control('START');
    await sender.call('open', { object: 'setter', name: A, options: ['SET'] });
    await sender.call('set', { object: 'setter', values: { MQIA_INHIBIT_GET: 1 } });
    await consumer.delivered(1);
    await control('RESUME');
    await put(A, '1');
    await sender.call('set', { object: 'setter', values: { MQIA_INHIBIT_GET: 0 } });
    await consumer.delivered(2);
    expect(bodies()).toEqual([2016, '1']);
  });

  test('the default strategy of ibmmq, with automatic suspend and resume, delivers everything in order', async () => {
    await consumer.call('tune', { parameters: { autoCtl: true } });
    await consume(A, { options: ['NO_SYNCPOINT'], handle: false });
    await control('START');
    await sender.call('put', { object: A, size: 100, numbered: 1, times: 200 });
    await consumer.delivered(200);
    const numbers = consumer.deliveries.map((delivery) =>
      Buffer.from(delivery.body!, 'latin1').readUInt32BE(0),
    );
    expect(numbers).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
  });

  test('consumers in several programs take each message once', async () => {
    const second = await queueManager.connected();
    await second.call('open', { name: A, options: ['INPUT_SHARED'] });
    for (const client of [consumer, second]) {
      await client.call('tune', { parameters: { autoCtl: true } });
      await client.call('consume', { object: A, options: ['NO_SYNCPOINT'] });
      await client.call('control', { operation: 'START' });
    }
    await sender.call('put', { object: A, size: 100, numbered: 1, times: 100 });
    const all = () => [...consumer.deliveries, ...second.deliveries];
    while (all().length < 100) {
      await Promise.race([
        consumer.delivered(consumer.deliveries.length + 1),
        second.delivered(second.deliveries.length + 1),
      ]);
    }
    const numbers = all().map((delivery) => Buffer.from(delivery.body!, 'latin1').readUInt32BE(0));
    expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  });
});

describe('MQCTL', () => {
  test('other verbs are refused while consumption is started: 2500, and allowed while it is suspended', async () => {
    await consume(A);
    await control('START');
    const inquiry = { object: A, selectors: ['MQIA_CURRENT_Q_DEPTH'] };
    expect(await consumer.reason('commit')).toBe(2500);
    expect(await consumer.reason('inquire', inquiry)).toBe(2500);
    await control('SUSPEND');
    expect(await consumer.reason('inquire', inquiry)).toBe(0);
    await control('RESUME');
    expect(await consumer.reason('commit')).toBe(2500);
  });

  test('nothing is delivered while it is suspended or stopped', async () => {
    await consume(A);
    await control('START');
    await control('SUSPEND');
    await put(A, '1');
    expect(await take(A)).toBe('1');
    await control('RESUME');
    await control('STOP');
    await put(A, '2');
    expect(await take(A)).toBe('2');
    expect(consumer.deliveries).toEqual([]);
    await control('START');
    await put(A, '3');
    await consumer.delivered(1);
    expect(bodies()).toEqual(['3']);
  });

  test('suspending and resuming what is stopped: 2534', async () => {
    await consume(A);
    expect(await consumer.reason('control', { operation: 'SUSPEND' })).toBe(2534);
    expect(await consumer.reason('control', { operation: 'RESUME' })).toBe(2534);
  });

  test('starting what is suspended: 2534', async () => {
    await consume(A);
    await control('START');
    await control('SUSPEND');
    expect(await consumer.reason('control', { operation: 'START' })).toBe(2534);
  });
});
