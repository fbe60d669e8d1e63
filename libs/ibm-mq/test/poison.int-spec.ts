import { jest } from '@jest/globals';
import { Harness, texts, type RawDelivery } from './harness.js';

// Each test starts processes, on machines that may be busy.
jest.setTimeout(60_000);

let harness: Harness;
afterEach(() => harness.close());

const body = ({ data }: RawDelivery) => Buffer.from(data, 'base64');

test('a rejected message goes to the backout queue with all it had, the rest of its unit is committed', async () => {
  harness = await Harness.start();
  const sender = await harness.sender();
  const raw = await harness.raw();
  const rejected = { ce_id: 'b', attempt: 2 };
  await sender.send(
    { queue: 'IN', body: 'a' },
    { queue: 'IN', body: 'b', headers: rejected, correlationId: 'c0ffee', priority: 4 },
    { queue: 'IN', body: 'c' },
  );
  const consumer = await harness.consumer({ queues: { IN: { batchSize: 10 } } });
  const unit = await consumer.unit();
  await consumer.decide(unit, { reject: [{ index: 0 }] });
  await consumer.observed('requeued');
  const [first] = unit.messages;
  const requeued = (await raw.get('IN.BOQ')) as RawDelivery;
  // Priority 4 came first.
  expect(texts(unit)).toEqual(['b', 'a', 'c']);
  expect(requeued.descriptor).toMatchObject({
    MsgId: first?.messageId,
    CorrelId: 'c0ffee'.padEnd(48, '0'),
    Priority: 4,
    Persistence: 1,
    Format: 'MQHRF2',
    PutApplName: first?.putBy,
    BackoutCount: 0,
  });
  expect(body(requeued).toString('latin1')).toContain("<ce_id>b</ce_id><attempt dt='i4'>2</attempt>");
  expect(body(requeued).subarray(-1).toString()).toBe('b');
  expect(await sender.depth('IN')).toBe(0);
  expect(await raw.get('IN.BOQ')).toBeNull();
});

test('headers given at the rejection are added, or replace those of the same name', async () => {
  harness = await Harness.start();
  const sender = await harness.sender();
  await sender.send({ queue: 'IN', body: 'a', headers: { reason: 'old', 'kept-as': 'is' } });
  const consumer = await harness.consumer({ queues: { IN: {}, 'IN.BOQ': {} } });
  const unit = await consumer.unit();
  await consumer.decide(unit, { reject: [{ index: 0, headers: { reason: 'new', 'dead letter': 'yes' } }] });
  const dead = await consumer.unit();
  expect(dead.messages).toMatchObject([
    { text: 'a', headers: { reason: 'new', 'kept-as': 'is', 'dead letter': 'yes' } },
  ]);
});

test('a unit that fails after a rejection takes the rejection back', async () => {
  harness = await Harness.start();
  const sender = await harness.sender();
  await sender.send({ queue: 'IN', body: 'a' });
  const consumer = await harness.consumer({ queues: { IN: {} } });
  await consumer.decide(await consumer.unit(), { reject: [{ index: 0 }], fail: 'after all' });
  const again = await consumer.unit();
  expect(again.messages).toMatchObject([{ text: 'a', backoutCount: 1 }]);
  expect(await sender.depth('IN.BOQ')).toBe(0);
});

test('BOTHRESH and BOQNAME are those of the queue behind an alias', async () => {
  harness = await Harness.start(`
    DEFINE QLOCAL(BASE) BOTHRESH(1) BOQNAME(BASE.BOQ)
    DEFINE QLOCAL(BASE.BOQ)
    DEFINE QALIAS(IN) TARGET(BASE)
  `);
  const sender = await harness.sender();
  await sender.send({ queue: 'IN', body: 'a', headers: { ce_id: 'a' } });
  const consumer = await harness.consumer({ queues: { IN: {} } });
  await consumer.decide(await consumer.unit(), { fail: 'poison' });
  expect(await consumer.observed('requeued')).toEqual(['IN', 'BASE.BOQ']);
  const reader = await harness.consumer({ queues: { 'BASE.BOQ': {} } });
  expect((await reader.unit()).messages).toMatchObject([
    { text: 'a', headers: { ce_id: 'a', backout_count: 1 } },
  ]);
});

test('without a backout queue the dead-letter queue takes it, with an MQDLH in front', async () => {
  harness = await Harness.start(`
    DEFINE QLOCAL(IN) BOTHRESH(1)
    DEFINE QLOCAL(DEAD)
    ALTER QMGR DEADQ(DEAD)
  `);
  const sender = await harness.sender();
  await sender.send({ queue: 'IN', body: 'a', correlationId: 'c0ffee' });
  const consumer = await harness.consumer({ queues: { IN: {} } });
  await consumer.decide(await consumer.unit(), { fail: 'poison' });
  expect(await consumer.observed('deadLettered')).toEqual(['IN', 'DEAD']);
  const raw = await harness.raw();
  const dead = (await raw.get('DEAD')) as RawDelivery;
  const header = body(dead);
  expect(dead.descriptor).toMatchObject({ Format: 'MQDEAD', CorrelId: 'c0ffee'.padEnd(48, '0') });
  expect(header.toString('latin1', 0, 4)).toBe('DLH ');
  expect(header.readInt32LE(8)).toBe(2362);
  expect(header.toString('latin1', 12, 60).trimEnd()).toBe('IN');
  expect(header.toString('latin1', 60, 108).trimEnd()).toBe('QM1');
  // The message behind it, as its MQRFH2 describes it.
  expect(header.toString('latin1', 116, 124).trimEnd()).toBe('MQHRF2');
  expect(header.toString('latin1', 172, 176)).toBe('RFH ');
});

test('a full backout queue is no dead end: the dead-letter queue takes it', async () => {
  harness = await Harness.start(`
    DEFINE QLOCAL(IN) BOTHRESH(1) BOQNAME(FULL)
    DEFINE QLOCAL(FULL) MAXDEPTH(1)
    DEFINE QLOCAL(DEAD)
    ALTER QMGR DEADQ(DEAD)
  `);
  const sender = await harness.sender();
  await sender.send({ queue: 'FULL', body: 'in the way' }, { queue: 'IN', body: 'a' });
  const consumer = await harness.consumer({ queues: { IN: {} } });
  await consumer.decide(await consumer.unit(), { fail: 'poison' });
  expect(await consumer.observed('deadLettered')).toEqual(['IN', 'DEAD']);
});

test('with nowhere to go a message stays and is tried again, later each time', async () => {
  harness = await Harness.start('DEFINE QLOCAL(IN) BOTHRESH(1)');
  const sender = await harness.sender();
  await sender.send({ queue: 'IN', body: 'a' });
  const consumer = await harness.consumer({ queues: { IN: {} } });
  for (const backoutCount of [0, 1, 2]) {
    const unit = await consumer.unit();
    expect(unit.messages).toMatchObject([{ text: 'a', backoutCount }]);
    await consumer.decide(unit, { fail: 'not yet' });
  }
  const unit = await consumer.unit();
  await consumer.decide(unit);
  await consumer.observed('committed');
  expect(await sender.depth('IN')).toBe(0);
});

test('BOTHRESH 0 moves nothing away', async () => {
  harness = await Harness.start('DEFINE QLOCAL(IN) BOQNAME(BOQ)\nDEFINE QLOCAL(BOQ)');
  const sender = await harness.sender();
  await sender.send({ queue: 'IN', body: 'a' });
  const consumer = await harness.consumer({ queues: { IN: {} } });
  for (const backoutCount of [0, 1, 2, 3]) {
    const unit = await consumer.unit();
    expect(unit.messages).toMatchObject([{ backoutCount }]);
    await consumer.decide(unit, { fail: 'again' });
  }
});

test('a message that cannot be moved away holds up nobody, and is moved when that works again', async () => {
  harness = await Harness.start(`
    DEFINE QLOCAL(IN) BOTHRESH(1) BOQNAME(IN.BOQ)
    DEFINE QLOCAL(IN.BOQ) PUT(DISABLED)
  `);
  const sender = await harness.sender();
  const to = (...bodies: string[]) => bodies.map((text) => ({ queue: 'IN', body: text }));
  await sender.send(...to('poison', 'good', 'better'));
  const consumer = await harness.consumer({ queues: { IN: {} } });
  await consumer.decide(await consumer.unit(), { fail: 'poison' });
  for (const text of ['good', 'better']) {
    const unit = await consumer.unit();
    expect(texts(unit)).toEqual([text]);
    await consumer.decide(unit);
  }
  await sender.send(...to('late'));
  const late = await consumer.unit();
  expect(texts(late)).toEqual(['late']);
  await consumer.decide(late);
  harness.mqsc('ALTER QLOCAL(IN.BOQ) PUT(ENABLED)');
  expect(await consumer.observed('requeued')).toEqual(['IN', 'IN.BOQ']);
  expect(await sender.browse('IN.BOQ')).toMatchObject([{ text: 'poison', headers: { backout_count: 1 } }]);
  expect(await sender.depth('IN')).toBe(0);
});
