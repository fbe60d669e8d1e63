import { jest } from '@jest/globals';
import { Harness, texts, type Units } from './harness.js';

// Each test starts processes, on machines that may be busy.
jest.setTimeout(60_000);

let harness: Harness;
let sender: Units;
beforeEach(async () => {
  harness = await Harness.start();
  sender = await harness.sender();
});
afterEach(() => harness.close());

const messages = (...bodies: string[]) => bodies.map((body) => ({ queue: 'IN', body }));

test('closing finishes and commits the unit of work in hand, and takes no more', async () => {
  await sender.send(...messages('1', '2', '3'));
  const consumer = await harness.consumer({ queues: { IN: { batchSize: 2 } } });
  const unit = await consumer.unit();
  expect(consumer.program.told('aborted')).toEqual([]);
  const closed = consumer.program.call('close');
  expect(await consumer.program.event('aborted')).toBe(unit.unit);
  await consumer.decide(unit, { send: [{ queue: 'OUT', body: 'done' }] });
  await closed;
  expect(await sender.depth('OUT')).toBe(1);
  const heir = await harness.consumer({ queues: { IN: { batchSize: 2 } } });
  expect((await heir.unit()).messages).toMatchObject([{ text: '3', backoutCount: 0 }]);
});

test('a unit of work that is not finished in time is backed out', async () => {
  await sender.send(...messages('1'));
  const consumer = await harness.consumer({ queues: { IN: {} }, drainTimeout: 50 });
  const unit = await consumer.unit();
  await consumer.program.call('close');
  // Too late: the other has it.
  await consumer.decide(unit);
  const heir = await harness.consumer({ queues: { IN: {} } });
  expect((await heir.unit()).messages).toMatchObject([{ text: '1', backoutCount: 1 }]);
});

test('closing while waiting for messages loses none that come at that moment', async () => {
  const bodies: string[] = [];
  const taken: string[] = [];
  for (let round = 0; round < 10; round++) {
    const consumer = await harness.consumer({ queues: { IN: {} } }, { automatic: true });
    await consumer.observed('connected');
    const body = `${round}`;
    bodies.push(body);
    await Promise.all([sender.send(...messages(body)), consumer.program.call('close')]);
    taken.push(
      ...consumer.program
        .told<{ messages: { text: string }[] }>('unit')
        .flatMap((unit) => unit.messages.map(({ text }) => text)),
    );
    await consumer.program.kill();
  }
  const rest = await harness.consumer({ queues: { IN: { batchSize: 50 } } }, { automatic: true });
  while (taken.length < bodies.length) {
    const unit = await rest.unit();
    // Nothing was taken and given back on the way.
    expect(unit.messages.map(({ backoutCount }) => backoutCount)).toEqual(unit.messages.map(() => 0));
    taken.push(...texts(unit));
  }
  expect(taken.toSorted()).toEqual(bodies);
});

test('closing while the queue manager is away ends at once', async () => {
  harness.proxy.refuse();
  const consumer = await harness.consumer({ queues: { IN: {} } });
  await consumer.observed('connectFailed');
  await consumer.program.call('close');
  expect(consumer.program.told('status')).toEqual(['connecting', 'draining', 'closed']);
});
