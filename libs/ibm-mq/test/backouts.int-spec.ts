import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { Harness, type Units } from './harness.js';

// Each test starts processes, on machines that may be busy.
jest.setTimeout(120_000);

let harness: Harness;
let sender: Units;
let ledger: string;
beforeEach(async () => {
  harness = await Harness.start();
  sender = await harness.sender();
  ledger = harness.ledgerFile();
});
afterEach(() => harness.close());

/** BOTHRESH is 3. */
const BOTHRESH = 3;
const consumer = (batchSize = 10) =>
  harness.consumer({ queues: { IN: { batchSize } }, drainTimeout: 100 }, { ledger });
const place = (...bodies: string[]) => sender.send(...bodies.map((body) => ({ queue: 'IN', body })));

/** How often the only message was excused. */
function excused(): number {
  try {
    const recorded = Object.values(
      JSON.parse(readFileSync(ledger, 'utf8')) as Record<string, { excused: number }>,
    );
    return recorded[0]?.excused ?? 0;
  } catch {
    // It is just being written.
    return 0;
  }
}

/** What is left to do is seen by a consumer that handles all. */
async function handledAfterAll(): Promise<void> {
  const last = await consumer();
  await last.decide(await last.unit());
  await last.observed('committed');
  expect(await sender.depth('IN')).toBe(0);
  expect(await sender.depth('IN.BOQ')).toBe(0);
}

test('graceful stops while a message waits do not move it, however many', async () => {
  await place('innocent');
  for (let backoutCount = 0; backoutCount <= BOTHRESH + 1; backoutCount++) {
    const stopped = await consumer();
    expect((await stopped.unit()).messages).toMatchObject([{ text: 'innocent', backoutCount }]);
    await stopped.program.call('close');
    await stopped.program.exit();
  }
  await handledAfterAll();
});

test('nor does a SIGKILL for which a stop took too long', async () => {
  await place('innocent');
  for (let backoutCount = 0; backoutCount <= BOTHRESH; backoutCount++) {
    const impatient = await harness.consumer({ queues: { IN: {} } }, { ledger });
    expect((await impatient.unit()).messages).toMatchObject([{ text: 'innocent', backoutCount }]);
    void impatient.program.call('close');
    while (excused() <= backoutCount) await sleep(10);
    await impatient.program.kill();
  }
  await handledAfterAll();
});

test('a message that ends its process is moved after as many times as BOTHRESH', async () => {
  await place('poison');
  for (let backoutCount = 0; backoutCount < BOTHRESH; backoutCount++) {
    const victim = await consumer();
    expect((await victim.unit()).messages).toMatchObject([{ text: 'poison', backoutCount }]);
    await victim.program.kill();
  }
  const heir = await consumer();
  expect(await heir.observed('requeued')).toEqual(['IN', 'IN.BOQ']);
});

test('lost connections before do not count when it comes back elsewhere', async () => {
  await place('innocent');
  for (let backoutCount = 0; backoutCount <= BOTHRESH; backoutCount++) {
    const cut = await consumer();
    const unit = await cut.unit();
    expect(unit.messages).toMatchObject([{ backoutCount }]);
    harness.proxy.cut();
    await cut.decide(unit);
    await cut.observed('backedOut');
    await cut.program.call('close');
    await cut.program.exit();
  }
  const last = await consumer();
  const unit = await last.unit();
  expect(unit.messages).toMatchObject([{ text: 'innocent' }]);
  await last.decide(unit);
});

test('while the ledger is unavailable a message that came back waits, and kills meanwhile do not count', async () => {
  await place('innocent');
  rmSync(ledger);
  for (let kill = 0; kill <= BOTHRESH; kill++) {
    const waiting = await consumer();
    if (kill === 0) await waiting.unit();
    else await waiting.observed('backedOut');
    await waiting.program.kill();
  }
  expect(await sender.depth('IN.BOQ')).toBe(0);
  ledger = harness.ledgerFile();
  await handledAfterAll();
});

test('a message that came back is taken alone, and others behind it are not', async () => {
  await place('innocent', 'poison', 'other');
  const victim = await consumer();
  await victim.unit();
  await victim.program.kill();
  const heir = await consumer();
  for (const text of ['innocent', 'poison', 'other']) {
    const unit = await heir.unit();
    expect(unit.messages).toMatchObject([{ text, backoutCount: 1 }]);
    await heir.decide(unit);
  }
  await heir.observed('committed');
  await place('new');
  expect((await heir.unit()).messages).toMatchObject([{ text: 'new', backoutCount: 0 }]);
});

test('what the queue manager does not take at present does not count against the message that sends it', async () => {
  harness.mqsc('ALTER QLOCAL(OUT) PUT(DISABLED)');
  await place('innocent');
  const sending = await consumer();
  const send = [{ queue: 'OUT', body: 'because' }];
  for (let backoutCount = 0; backoutCount <= BOTHRESH; backoutCount++) {
    const unit = await sending.unit();
    expect(unit.messages).toMatchObject([{ text: 'innocent', backoutCount }]);
    await sending.decide(unit, { send });
    await sending.observed('backedOut');
  }
  harness.mqsc('ALTER QLOCAL(OUT) PUT(ENABLED)');
  await sending.decide(await sending.unit(), { send });
  await sending.observed('committed');
  expect(await sender.depth('IN.BOQ')).toBe(0);
});
