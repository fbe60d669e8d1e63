import { jest } from '@jest/globals';
import { Harness, texts } from './harness.js';

// Each test starts processes, on machines that may be busy.
jest.setTimeout(60_000);

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.start();
});
afterEach(() => harness.close());

test('a queue that cannot be opened is tried again and disturbs no other', async () => {
  const consumer = await harness.consumer({ queues: { IN: {}, MISSING: {} } });
  const sender = await harness.sender();
  await sender.send({ queue: 'IN', body: '1' });
  const unit = await consumer.unit();
  let problem = '';
  while (!problem.includes('MISSING')) {
    problem = await consumer.program.call('check').then(
      () => '',
      ({ message }: Error) => message,
    );
  }
  expect(problem).toContain('MQRC_UNKNOWN_OBJECT_NAME (2085)');
  await consumer.decide(unit);
  await consumer.observed('committed');
  await sender.send({ queue: 'IN', body: '2' });
  expect(texts(await consumer.unit())).toEqual(['2']);
  expect(await consumer.program.call('readFiles')).toHaveLength(8);
});

test('many consumers share a queue, lose their connections, and let the process end', async () => {
  const consumer = await harness.consumer(
    { queues: { IN: { consumers: 4, batchSize: 3 }, OUT: { consumers: 4 } } },
    { automatic: true },
  );
  const sender = await harness.sender({ addresses: undefined });
  const bodies = Array.from({ length: 100 }, (_, i) => `${i}`);
  await sender.send(...bodies.map((body) => ({ queue: 'IN', body })));
  const taken: string[] = [];
  while (taken.length < bodies.length) taken.push(...texts(await consumer.unit()));
  expect(taken.toSorted()).toEqual(bodies.toSorted());
  const connections = 8;
  for (let i = 0; i < connections; i++) await consumer.observed('connected');
  for (let round = 0; round < 3; round++) {
    harness.proxy.cut();
    for (let i = 0; i < connections; i++) await consumer.observed('disconnected');
    for (let i = 0; i < connections; i++) await consumer.observed('connected');
    await sender.send({ queue: 'IN', body: 'after the loss' }, { queue: 'OUT', body: 'after the loss' });
    await consumer.unit();
    await consumer.unit();
  }
  expect(await consumer.program.call('readFiles')).toHaveLength(8);
  await consumer.program.call('close');
  expect(await consumer.program.exit()).toBe(0);
});

test('closing one consumer leaves the others at work', async () => {
  const leaving = await harness.consumer({ queues: { IN: { consumers: 3 } } }, { automatic: true });
  const staying = await harness.consumer({ queues: { IN: {} } }, { automatic: true });
  await leaving.program.call('close');
  expect(await leaving.program.exit()).toBe(0);
  const sender = await harness.sender();
  await sender.send({ queue: 'IN', body: 'for who stays' });
  expect(texts(await staying.unit())).toEqual(['for who stays']);
});
