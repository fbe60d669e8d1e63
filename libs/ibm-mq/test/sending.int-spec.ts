import { jest } from '@jest/globals';
import { Harness, texts, type Units } from './harness.js';

// Each test starts processes, on machines that may be busy.
jest.setTimeout(60_000);

let harness: Harness;
let sender: Units;
beforeEach(async () => {
  harness = await Harness.start(`
    DEFINE QLOCAL(IN)
    DEFINE QLOCAL(OUT)
    DEFINE QLOCAL(FULL) MAXDEPTH(2)
    DEFINE QLOCAL(SHORT) MAXMSGL(10)
    DEFINE QLOCAL(CLOSED) PUT(DISABLED)
  `);
  sender = await harness.sender();
});
afterEach(() => harness.close());

const to = (queue: string, ...bodies: string[]) => bodies.map((body) => ({ queue, body }));

test.each([
  ['FULL', 2053, 'MQRC_Q_FULL'],
  ['SHORT', 2030, 'MQRC_MSG_TOO_BIG_FOR_Q'],
  ['CLOSED', 2051, 'MQRC_PUT_INHIBITED'],
  ['NOWHERE', 2085, 'MQRC_UNKNOWN_OBJECT_NAME'],
])('when %s does not take a message (%i), none of the batch is sent', async (queue, reason, symbol) => {
  await sender.send(...to('FULL', 'a', 'b'));
  await expect(
    sender.send(...to('IN', 'before'), ...to(queue, 'far too long'), ...to('IN', 'after')),
  ).rejects.toMatchObject({
    name: 'IbmMqError',
    reason,
    symbol,
    object: queue,
    inDoubt: false,
    message: expect.stringContaining(`${queue} failed: ${symbol} (${reason}), `) as string,
  });
  expect(await sender.depth('IN')).toBe(0);
  await sender.send(...to('IN', 'next'));
  expect(await sender.depth('IN')).toBe(1);
});

test('headers and identifiers that MQ cannot hold are refused, and nothing is sent', async () => {
  for (const message of [{ headers: { bad: '\u0000' } }, { correlationId: 'order 1' }]) {
    await expect(
      sender.send(...to('IN', 'before'), { queue: 'IN', body: 'x', ...message }),
    ).rejects.toMatchObject({
      name: 'TypeError',
    });
  }
  expect(await sender.depth('IN')).toBe(0);
});

test('a batch goes to several queues, in order, and more than are kept open', async () => {
  const queues = Array.from({ length: 40 }, (_, i) => `Q${i}`);
  await harness.close();
  harness = await Harness.start(queues.map((queue) => `DEFINE QLOCAL(${queue})`).join('\n'));
  sender = await harness.sender();
  for (const body of ['1', '2']) await sender.send(...queues.map((queue) => ({ queue, body })));
  const consumer = await harness.consumer({ queues: { Q0: { batchSize: 5 }, Q39: { batchSize: 5 } } });
  const units = [await consumer.unit(), await consumer.unit()];
  expect(units.map(({ queue }) => queue).toSorted()).toEqual(['Q0', 'Q39']);
  for (const unit of units) expect(texts(unit)).toEqual(['1', '2']);
});

test('a commit without an answer is told as in doubt; to repeat it is at least once', async () => {
  await sender.send(...to('IN', 'first'));
  // Of the MQCMIT after the MQPUT.
  harness.proxy.loseReply(1);
  await expect(sender.send(...to('IN', 'second'))).rejects.toMatchObject({ verb: 'MQCMIT', inDoubt: true });
  await sender.send(...to('IN', 'second'));
  const consumer = await harness.consumer({ queues: { IN: { batchSize: 5 } } });
  expect(texts(await consumer.unit())).toEqual(['first', 'second', 'second']);
});

test('messages of any size and any bytes', async () => {
  const large = 'ä'.repeat(1_000_000);
  await sender.send(...to('IN', 'small', large, ''));
  const consumer = await harness.consumer({ queues: { IN: { batchSize: 5 } } });
  const received = texts(await consumer.unit());
  expect(received.map(({ length }) => length)).toEqual([5, 1_000_000, 0]);
  expect(received[1] === large).toBe(true);
});

describe('a batch in units of work as the queue manager takes them', () => {
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => `${i}`);

  test('passes where MAXUMSGS is far below its size, in order', async () => {
    await harness.close();
    harness = await Harness.start('DEFINE QLOCAL(IN)\nALTER QMGR MAXUMSGS(7)');
    sender = await harness.sender();
    await expect(sender.send(...to('IN', ...numbers(40)))).rejects.toMatchObject({ reason: 2024 });
    expect(await sender.sendAll(...to('IN', ...numbers(40)))).toMatchObject({
      sent: numbers(40),
      refused: [],
    });
    const consumer = await harness.consumer({ queues: { IN: { batchSize: 50 } } });
    const first = await consumer.unit();
    expect(texts(first)).toEqual(numbers(7));
  });

  test('fills a queue to its last place, and leaves the rest to the next time', async () => {
    await sender.send(...to('FULL', 'a'));
    expect(await sender.sendAll(...to('FULL', 'b', 'c', 'd'), ...to('IN', 'e'))).toMatchObject({
      sent: ['b', 'e'],
      refused: [],
      blocked: { FULL: { reason: 2053 } },
    });
    expect(await sender.depth('FULL')).toBe(2);
  });

  test('goes on without the messages that are refused', async () => {
    const invalid = { queue: 'IN', body: 'invalid', headers: { bad: '\u0000' } };
    expect(
      await sender.sendAll(...to('IN', 'a'), invalid, ...to('SHORT', 'far too long', 'b'), ...to('IN', 'c')),
    ).toEqual({ sent: ['a', 'b', 'c'], refused: ['invalid', 'far too long'], blocked: {} });
  });

  test.each([
    ['CLOSED', 2051],
    ['NOWHERE', 2085],
  ])('waits for %s (%i) without holding up other queues', async (queue, reason) => {
    const report = await sender.sendAll(...to('IN', 'a'), ...to(queue, 'b', 'c'), ...to('IN', 'd'));
    expect(report).toMatchObject({ sent: ['a', 'd'], refused: [], blocked: { [queue]: { reason } } });
  });
});
