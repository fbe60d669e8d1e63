import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { Harness, texts, type Units } from './harness.js';

// Each test starts processes, on machines that may be busy.
jest.setTimeout(120_000);

let harness: Harness;
let sender: Units;
beforeEach(async () => {
  harness = await Harness.start();
  sender = await harness.sender();
});
afterEach(() => harness.close());

/** Waits until the consumer's check says so: a reason code, or undefined when it is well. */
async function untilChecked(consumer: Units, reason: number | undefined): Promise<void> {
  for (;;) {
    const problem = await consumer.program.call('check').then(
      () => undefined,
      (error: { reason?: number }) => error.reason ?? 0,
    );
    if (problem === reason) return;
    await sleep(20);
  }
}

test('a queue that vanishes is missed by the check, and consumed and sent to again when it comes back', async () => {
  const consumer = await harness.consumer({ queues: { IN: {} } });
  await untilChecked(consumer, undefined);
  await sender.send({ queue: 'IN', body: 'before' });
  await consumer.decide(await consumer.unit());
  await consumer.observed('committed');
  harness.proxy.refuse();
  harness.proxy.cut();
  await consumer.observed('disconnected');
  for (let isDeleted = false; !isDeleted; await sleep(20)) {
    try {
      harness.mqsc('DELETE QLOCAL(IN) PURGE');
      isDeleted = true;
    } catch {
      // A connection that is just ending still has it open.
    }
  }
  harness.proxy.accept();
  await untilChecked(consumer, 2085);
  expect(await sender.sendAll({ queue: 'IN', body: 'meanwhile' })).toMatchObject({
    sent: [],
    blocked: { IN: { reason: 2085 } },
  });
  harness.mqsc('DEFINE QLOCAL(IN) BOTHRESH(3) BOQNAME(IN.BOQ)');
  await sender.send({ queue: 'IN', body: 'after' });
  expect(texts(await consumer.unit())).toEqual(['after']);
  await untilChecked(consumer, undefined);
});

test('a queue from which nothing may be taken for a while is told by the check, and moves nothing', async () => {
  const consumer = await harness.consumer({ queues: { IN: {} } });
  await untilChecked(consumer, undefined);
  harness.mqsc('ALTER QLOCAL(IN) GET(DISABLED)');
  await untilChecked(consumer, 2016);
  await sender.send({ queue: 'IN', body: 'innocent' });
  harness.mqsc('ALTER QLOCAL(IN) GET(ENABLED)');
  expect((await consumer.unit()).messages).toMatchObject([{ text: 'innocent', backoutCount: 0 }]);
  expect(await sender.depth('IN.BOQ')).toBe(0);
});
