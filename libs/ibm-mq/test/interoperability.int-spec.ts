import { jest } from '@jest/globals';
import { Harness, texts, type Units } from './harness.js';

// Each test starts processes, on machines that may be busy.
jest.setTimeout(60_000);

let harness: Harness;
beforeEach(async () => {
  harness = await Harness.start();
});
afterEach(() => harness.close());

/** An MQRFH2 as the classes for JMS write it: big-endian. */
function jmsHeader(folders: readonly string[], format: string): Buffer {
  const padded = folders.map((folder) => Buffer.from(folder.padEnd(Math.ceil(folder.length / 4) * 4)));
  const parts = padded.flatMap((folder) => [int32(folder.length), folder]);
  const length = 36 + parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([
    Buffer.from('RFH '),
    ...[2, length, 273, 1208].map(int32),
    Buffer.from(format.padEnd(8)),
    ...[0, 1208].map(int32),
    ...parts,
  ]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

test('programs that use message handles see the headers as properties, with their types', async () => {
  const sender = await harness.sender();
  await sender.send({
    queue: 'OUT',
    body: 'Grüße',
    headers: {
      ce_id: 'a&b',
      attempt: 3,
      last: true,
      'content-type': 'text/plain',
      ratio: 0.5,
      nothing: null,
    },
  });
  const raw = await harness.raw();
  expect(await raw.getWithProperties('OUT')).toMatchObject({
    text: 'Grüße',
    format: 'MQSTR',
    characterSet: 1208,
    properties: {
      ce_id: ['a&b', 1024],
      attempt: [3, 64],
      last: [true, 4],
      content_x002D_type: ['text/plain', 1024],
      nothing: [null, 2],
    },
  });
});

test('properties set with message handles come as headers', async () => {
  const raw = await harness.raw();
  await raw.put({
    queue: 'IN',
    data: Buffer.from('text').toString('base64'),
    descriptor: { Format: 'MQSTR', CodedCharSetId: 1208 },
    properties: {
      traceparent: '00-1-2-01',
      attempt: -7,
      last: false,
      nothing: null,
      content_x002D_type: 'x',
    },
  });
  const consumer = await harness.consumer({ queues: { IN: {} } });
  expect((await consumer.unit()).messages).toMatchObject([
    {
      text: 'text',
      format: 'MQSTR',
      headers: { traceparent: '00-1-2-01', attempt: -7, last: false, nothing: null, 'content-type': 'x' },
    },
  ]);
});

test('messages of JMS senders: their properties are headers, the rest is in folders', async () => {
  const header = jmsHeader(
    [
      '<mcd><Msd>jms_text</Msd></mcd>  ',
      '<jms><Dst>queue:///IN</Dst><Tms>1700000000000</Tms><Cid>order 1</Cid><Dlv>2</Dlv></jms>',
      "<usr><orderId>o-1</orderId><attempt dt='i4'>3</attempt></usr>",
    ],
    'MQSTR',
  );
  const raw = await harness.raw();
  await raw.put({
    queue: 'IN',
    data: Buffer.concat([header, Buffer.from('Grüße')]).toString('base64'),
    descriptor: { Format: 'MQHRF2', CodedCharSetId: 1208, Encoding: 273, ReplyToQ: 'OUT' },
  });
  const consumer = await harness.consumer({ queues: { IN: {} } });
  const unit = await consumer.unit();
  expect(unit.messages).toMatchObject([
    {
      text: 'Grüße',
      format: 'MQSTR',
      headers: { orderId: 'o-1', attempt: 3 },
      folders: { mcd: { Msd: 'jms_text' }, jms: { Dst: 'queue:///IN', Cid: 'order 1' } },
      replyTo: { queue: 'OUT' },
    },
  ]);
  await consumer.decide(unit, { reject: [{ index: 0, headers: { reason: 'why' } }] });
  await consumer.observed('requeued');
  expect(await raw.getWithProperties('IN.BOQ')).toMatchObject({
    text: 'Grüße',
    properties: {
      'mcd.Msd': ['jms_text', 1024],
      'jms.Cid': ['order 1', 1024],
      orderId: ['o-1', 1024],
      attempt: [3, 64],
      reason: ['why', 1024],
    },
  });
});

test('a selector leaves other messages to others', async () => {
  const sender = await harness.sender();
  await sender.send(
    { queue: 'IN', body: '1', headers: { ce_type: 'order.created', 'content-type': 'x' } },
    { queue: 'IN', body: '2', headers: { ce_type: 'order.cancelled' } },
    { queue: 'IN', body: '3', headers: { ce_type: 'order.created' } },
  );
  const selector = "ce_type = 'order.created'";
  const consumer = await harness.consumer({ queues: { IN: { selector, batchSize: 10 } } });
  const unit = await consumer.unit();
  expect(texts(unit)).toEqual(['1', '3']);
  await consumer.decide(unit);
  await consumer.observed('committed');
  expect(await sender.depth('IN')).toBe(1);
});

/** Why the consumer does not consume. */
async function problemOf({ program }: Units): Promise<string> {
  for (;;) {
    const problem = await program.call('check').then(
      () => '',
      ({ message }: Error) => message,
    );
    if (problem.includes('MQRC')) return problem;
  }
}

test('what the queue manager does not accept is told by name', async () => {
  const invalid = await harness.consumer({ queues: { IN: { selector: 'no selector' } } });
  expect(await problemOf(invalid)).toContain(
    'MQOPEN IN failed: MQRC_SELECTOR_SYNTAX_ERROR (2459), the selector is not valid SQL 92',
  );
});

test('message groups, which this queue manager does not have, are refused, not passed over', async () => {
  const sender = await harness.sender();
  const grouped = { queue: 'IN', body: 'x', group: { id: 'c0ffee', sequence: 1 } };
  await expect(sender.send(grouped)).rejects.toMatchObject({
    reason: 2298,
    symbol: 'MQRC_FUNCTION_NOT_SUPPORTED',
  });
  const consumer = await harness.consumer({ queues: { IN: { inGroups: true } } });
  expect(await problemOf(consumer)).toContain('MQRC_FUNCTION_NOT_SUPPORTED (2298)');
});
