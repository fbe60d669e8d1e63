import { jest } from '@jest/globals';
import { Harness, texts, type Units } from './harness.js';

// Each test starts processes and waits for heartbeats, on machines that may be busy.
jest.setTimeout(60_000);

/** ms for which silence may hold an event loop: the two heartbeats, and what a busy machine adds. */
const LONGEST_PAUSE = 3_500;

let harness: Harness;
let witness: Units;
beforeEach(async () => {
  harness = await Harness.start();
  witness = await harness.sender({ addresses: `127.0.0.1(${harness.port})` });
});
afterEach(() => harness.close());

const messages = (...bodies: string[]) => bodies.map((body) => ({ queue: 'IN', body }));
/** Its units of work are smaller than they may be, so that it waits for messages after each. */
const consuming = () =>
  harness.consumer({ queues: { IN: { batchSize: 10 } } }, { connection: harness.quickConnection });
const pause = (program: Units) => program.program.call<number>('longestPause');

test('a consumer that waits notices the silence without being held, reconnects and goes on', async () => {
  const consumer = await consuming();
  await consumer.observed('connected');
  await witness.send(...messages('1'));
  await consumer.decide(await consumer.unit());
  await consumer.observed('committed');
  harness.proxy.silence();
  await consumer.observed('disconnected');
  await consumer.observed('connected');
  await witness.send(...messages('2'));
  expect(texts(await consumer.unit())).toEqual(['2']);
  expect(await pause(consumer)).toBeLessThan(1_000);
});

test('a unit of work in hand is given again, and takes effect once', async () => {
  await witness.send(...messages('1'));
  const consumer = await consuming();
  const lost = await consumer.unit();
  harness.proxy.silence();
  await consumer.decide(lost, { send: [{ queue: 'OUT', body: 'because' }] });
  const again = await consumer.unit();
  expect(again.messages).toMatchObject([{ text: '1', backoutCount: 1 }]);
  await consumer.decide(again, { send: [{ queue: 'OUT', body: 'because' }] });
  await consumer.observed('committed');
  expect(await witness.depth('IN')).toBe(0);
  expect(await witness.depth('OUT')).toBe(1);
  expect(await pause(consumer)).toBeLessThan(LONGEST_PAUSE);
});

test('a commit whose answer is swallowed is in doubt, and is not repeated when it took effect', async () => {
  await witness.send(...messages('1'));
  const consumer = await consuming();
  const unit = await consumer.unit();
  harness.proxy.loseReply(0, true);
  await consumer.decide(unit);
  const [, , error] = await consumer.observed('backedOut');
  expect(error).toMatchObject({ verb: 'MQCMIT', reason: 2009, inDoubt: true });
  await witness.send(...messages('2'));
  expect(texts(await consumer.unit())).toEqual(['2']);
});

test('sending goes on by itself', async () => {
  const through = await harness.sender(harness.quickConnection);
  await through.send(...messages('0'));
  harness.proxy.silence();
  await through.send(...messages('1'));
  harness.proxy.loseRequest(1, true);
  await through.send(...messages('2', '3'));
  const consumer = await harness.consumer({ queues: { IN: { batchSize: 10 } } });
  expect(texts(await consumer.unit())).toEqual(['0', '1', '2', '3']);
  expect(await pause(through)).toBeLessThan(LONGEST_PAUSE);
});

test('while the queue manager hangs the check says so and the event loop turns; afterwards all goes on', async () => {
  const consumer = await consuming();
  const through = await harness.sender(harness.quickConnection);
  await through.send(...messages('1'));
  const lost = await consumer.unit();
  harness.proxy.hang();
  await consumer.decide(lost);
  await Promise.all([
    expect(through.send(...messages('2'))).rejects.toThrow('no connection'),
    expect(consumer.program.call('check')).rejects.toThrow('no connection'),
  ]);
  harness.proxy.accept();
  await through.send(...messages('2'));
  const again = await consumer.unit();
  expect(again.messages).toMatchObject([{ text: '1', backoutCount: 1 }]);
  await consumer.decide(again);
  expect(texts(await consumer.unit())).toEqual(['2']);
  expect(await pause(consumer)).toBeLessThan(LONGEST_PAUSE);
  expect(await pause(through)).toBeLessThan(LONGEST_PAUSE);
});
