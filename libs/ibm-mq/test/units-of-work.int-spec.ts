import { jest } from '@jest/globals';
import { Harness, texts } from './harness.js';

// Each test starts processes, on machines that may be busy.
jest.setTimeout(60_000);

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.start();
});
afterEach(() => harness.close());

const messages = (...bodies: string[]) => bodies.map((body) => ({ queue: 'IN', body }));

test('a message carries its headers, ids and properties both ways', async () => {
  const sender = await harness.sender();
  const headers = {
    ce_id: 'a',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'content-type': 'text/plain; charset="utf-8"',
    attempt: 3,
    ratio: 0.25,
    big: 9_007_199_254_740_991,
    last: true,
    nothing: null,
    'JMS.reserved': 'größe & <more>',
  };
  await sender.send({
    queue: 'IN',
    body: 'Grüße',
    headers,
    correlationId: '0af76519-16cd-43dd-8448-eb211c80319c',
    priority: 7,
    persistent: false,
    expiry: 60_000,
    replyTo: { queue: 'OUT', queueManager: 'QM1' },
  });
  const consumer = await harness.consumer({ queues: { IN: {} } });
  const unit = await consumer.unit();
  expect(unit.queue).toBe('IN');
  expect(unit.messages).toMatchObject([
    {
      headers,
      text: 'Grüße',
      format: 'MQSTR',
      correlationId: '0af7651916cd43dd8448eb211c80319c0000000000000000',
      priority: 7,
      persistent: false,
      expires: true,
      backoutCount: 0,
      replyTo: { queue: 'OUT', queueManager: 'QM1' },
    },
  ]);
  const [message] = unit.messages;
  expect(message?.messageId).toMatch(/^[0-9a-f]{48}$/);
  expect(Math.abs(Date.parse(message?.putAt ?? '') - Date.now())).toBeLessThan(60_000);
});

test('a batch takes what is there, in order, and is committed once', async () => {
  const sender = await harness.sender();
  await sender.send(...messages('1', '2', '3', '4', '5'));
  const consumer = await harness.consumer({ queues: { IN: { batchSize: 3 } } });
  const first = await consumer.unit();
  expect(texts(first)).toEqual(['1', '2', '3']);
  await consumer.decide(first);
  const second = await consumer.unit();
  expect(texts(second)).toEqual(['4', '5']);
  await consumer.decide(second);
  expect(await consumer.observed('committed')).toMatchObject(['IN', { messages: 3 }]);
  expect(await consumer.observed('committed')).toMatchObject(['IN', { messages: 2 }]);
  expect(await sender.depth('IN')).toBe(0);
});

test('a lone message does not wait for others', async () => {
  const consumer = await harness.consumer({ queues: { IN: { batchSize: 50 } } });
  const sender = await harness.sender();
  for (const body of ['1', '2', '3']) {
    await sender.send(...messages(body));
    const unit = await consumer.unit();
    expect(texts(unit)).toEqual([body]);
    await consumer.decide(unit);
  }
});

test('what is sent in a unit of work is there for others when it is committed, not before', async () => {
  const sender = await harness.sender();
  await sender.send(...messages('1'));
  const consumer = await harness.consumer({ queues: { IN: {} } });
  const raw = await harness.raw();
  const send = [{ queue: 'OUT', body: 'because of 1' }];
  const failed = await consumer.unit();
  await consumer.decide(failed, { send, fail: 'once' });
  const again = await consumer.unit();
  expect(again.messages).toMatchObject([{ text: '1', backoutCount: 1 }]);
  expect(await raw.get('OUT')).toBeNull();
  await consumer.decide(again, { send });
  await consumer.observed('committed');
  expect(await raw.get('OUT')).toMatchObject({ data: Buffer.from('because of 1').toString('base64') });
  expect(await raw.get('OUT')).toBeNull();
});

test('after a failed batch its messages come one by one, and only the poison counts as backed out', async () => {
  const sender = await harness.sender();
  await sender.send(...messages('1', 'poison', '3'));
  const consumer = await harness.consumer({ queues: { IN: { batchSize: 10 } } });
  const batch = await consumer.unit();
  expect(texts(batch)).toEqual(['1', 'poison', '3']);
  await consumer.decide(batch, { fail: 'a poison message' });
  const first = await consumer.unit();
  expect(texts(first)).toEqual(['1']);
  await consumer.decide(first);
  for (const backoutCount of [1, 2, 3]) {
    const alone = await consumer.unit();
    expect(alone.messages).toMatchObject([{ text: 'poison', backoutCount }]);
    await consumer.decide(alone, { fail: 'a poison message' });
  }
  // The batch does not count: BOTHRESH is 3. The queue manager's own count is now 4.
  expect(await consumer.observed('requeued')).toEqual(['IN', 'IN.BOQ']);
  const last = await consumer.unit();
  expect(last.messages).toMatchObject([{ text: '3', backoutCount: 1 }]);
  await consumer.decide(last);
  await consumer.observed('committed');
  expect(await sender.depth('IN')).toBe(0);
});

test('units of work become smaller where MAXUMSGS is below the batch size, with what is sent in them', async () => {
  await harness.close();
  harness = await Harness.start('DEFINE QLOCAL(IN)\nDEFINE QLOCAL(OUT)\nALTER QMGR MAXUMSGS(4)');
  const sender = await harness.sender();
  await sender.send(...messages('1', '2', '3', '4'));
  await sender.send(...messages('5', '6', '7'));
  const consumer = await harness.consumer({ queues: { IN: { batchSize: 10 } } });
  const send = [{ queue: 'OUT', body: 'because' }];
  const tooLarge = await consumer.unit();
  expect(texts(tooLarge)).toEqual(['1', '2', '3', '4']);
  await consumer.decide(tooLarge, { send });
  expect((await consumer.observed('backedOut')).at(-1)).toMatchObject({ reason: 2024 });
  for (const batch of [['1'], ['2'], ['3'], ['4'], ['5', '6'], ['7']]) {
    const unit = await consumer.unit();
    expect(texts(unit)).toEqual(batch);
    await consumer.decide(unit, { send });
    await consumer.observed('committed');
  }
  expect(await sender.depth('OUT')).toBe(6);
});
