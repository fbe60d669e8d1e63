import { jest } from '@jest/globals';
import { Harness, texts, type Units } from './harness.js';

// Each test starts processes, on machines that may be busy.
jest.setTimeout(60_000);

let harness: Harness;
let sender: Units;
beforeEach(async () => {
  harness = await Harness.start();
  sender = await harness.sender({ addresses: undefined, channel: undefined });
});
afterEach(() => harness.close());

const messages = (...bodies: string[]) => bodies.map((body) => ({ queue: 'IN', body }));

test('a consumer that waits notices the loss, reconnects and goes on', async () => {
  const consumer = await harness.consumer({ queues: { IN: {} } });
  await consumer.observed('connected');
  await sender.send(...messages('1'));
  await consumer.decide(await consumer.unit());
  await consumer.observed('committed');
  harness.proxy.cut();
  await consumer.observed('disconnected');
  await consumer.observed('connected');
  await sender.send(...messages('2'));
  expect(texts(await consumer.unit())).toEqual(['2']);
});

test('a unit of work in hand is given again when its connection was lost before the commit', async () => {
  await sender.send(...messages('1', '2'));
  const consumer = await harness.consumer({ queues: { IN: { batchSize: 10 } } });
  const lost = await consumer.unit();
  harness.proxy.cut();
  await consumer.decide(lost, { send: [{ queue: 'OUT', body: 'because' }] });
  const [queue, count] = await consumer.observed('backedOut');
  expect([queue, count]).toEqual(['IN', 2]);
  const first = await consumer.unit();
  expect(first.messages).toMatchObject([{ text: '1', backoutCount: 1 }]);
  await consumer.decide(first);
  const second = await consumer.unit();
  expect(second.messages).toMatchObject([{ text: '2', backoutCount: 1 }]);
  await consumer.decide(second);
  await consumer.observed('committed');
  await consumer.observed('committed');
  expect(await sender.depth('IN')).toBe(0);
  expect(await sender.depth('OUT')).toBe(0);
});

test('connections that are lost are nothing against a message, however many', async () => {
  await sender.send(...messages('1'));
  const consumer = await harness.consumer({ queues: { IN: {} } });
  // BOTHRESH is 3.
  for (const backoutCount of [0, 1, 2, 3]) {
    const lost = await consumer.unit();
    expect(lost.messages).toMatchObject([{ text: '1', backoutCount }]);
    harness.proxy.cut();
    await consumer.decide(lost);
    await consumer.observed('backedOut');
  }
  await consumer.decide(await consumer.unit());
  await consumer.observed('committed');
  expect(await sender.depth('IN.BOQ')).toBe(0);
});

test('a commit that did not arrive is given again, one whose answer was lost is not', async () => {
  await sender.send(...messages('1'));
  const consumer = await harness.consumer({ queues: { IN: {} } });
  const first = await consumer.unit();
  harness.proxy.loseRequest();
  await consumer.decide(first);
  const again = await consumer.unit();
  expect(again.messages).toMatchObject([{ text: '1', backoutCount: 1 }]);
  harness.proxy.loseReply();
  await consumer.decide(again);
  const [, , error] = (await consumer.observed('backedOut')) && (await consumer.observed('backedOut'));
  expect(error).toMatchObject({ verb: 'MQCMIT', reason: 2009, inDoubt: true });
  await sender.send(...messages('2'));
  expect(texts(await consumer.unit())).toEqual(['2']);
});

test('sending goes on by itself when the connection is lost before the commit, at whichever verb', async () => {
  const through = await harness.sender();
  await through.send(...messages('0'));
  harness.proxy.cut();
  await through.send(...messages('1'));
  harness.proxy.loseRequest();
  await through.send(...messages('2', '3'));
  harness.proxy.loseReply();
  await through.send(...messages('4', '5'));
  const consumer = await harness.consumer({ queues: { IN: { batchSize: 10 } } });
  expect(texts(await consumer.unit())).toEqual(['0', '1', '2', '3', '4', '5']);
});

test('sending while the queue manager is away waits for it; the status and the check tell', async () => {
  harness.proxy.refuse();
  const through = await harness.sender();
  const sent = through.send(...messages('1'));
  await through.observed('connectFailed');
  await expect(through.program.call('check')).rejects.toMatchObject({
    name: 'IbmMqUnavailableError',
    message: expect.stringContaining('MQCONNX') as string,
  });
  harness.proxy.accept();
  await sent;
  await through.program.event('status', (status) => status === 'connected');
  await through.program.call('check');
});

test('a consumer that starts while the queue manager is away begins when it comes', async () => {
  harness.proxy.refuse();
  const consumer = await harness.consumer({ queues: { IN: {} } });
  await consumer.observed('connectFailed');
  await expect(consumer.program.call('check')).rejects.toThrow('no connection');
  await sender.send(...messages('1'));
  harness.proxy.accept();
  expect(texts(await consumer.unit())).toEqual(['1']);
  await consumer.program.call('check');
});

test('a restart of the queue manager loses nothing, and all go on by themselves', async () => {
  const consumer = await harness.consumer({ queues: { IN: {} } });
  await sender.send(...messages('1', '2'));
  const lost = await consumer.unit();
  await harness.restart();
  await consumer.decide(lost);
  const again = await consumer.unit();
  expect(texts(again)).toEqual(['1']);
  await consumer.decide(again);
  expect(texts(await consumer.unit())).toEqual(['2']);
  await sender.send(...messages('3'));
});

test('a killed consumer leaves its messages to another at once', async () => {
  await sender.send(...messages('1'));
  const victim = await harness.consumer({ queues: { IN: {} } });
  await victim.unit();
  const heir = await harness.consumer({ queues: { IN: {} } });
  await victim.program.kill();
  expect((await heir.unit()).messages).toMatchObject([{ text: '1', backoutCount: 1 }]);
});
