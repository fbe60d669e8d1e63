import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';

import { localQueueAttributes, initialAttributes } from './attributes.js';
import { DESCRIPTOR_LENGTH, Field } from './message-descriptor.js';
import { NONE } from './message-index.js';
import { MessageStore, type StoreOptions } from './message-store.js';
import { Queue } from './queue.js';
import { UnitOfWork } from './unit-of-work.js';

const QUEUE = 1;
const small: StoreOptions = { segmentBytes: 2000, bufferBytes: 500, cacheBytes: 1500, checkpointBytes: 4000 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'embedded-mq-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** One queue on a store, as the queue manager sets them up. */
class Fixture {
  readonly queue: Queue;

  private constructor(
    readonly store: MessageStore,
    rows: Int32Array,
    /** What was reported. */
    readonly problems: readonly string[],
  ) {
    this.queue = new Queue('Q', QUEUE, initialAttributes(localQueueAttributes), '', store.index);
    for (const row of rows) {
      this.queue.link(row);
      this.queue.depth++;
    }
  }

  static open(options: Partial<StoreOptions> = {}): Fixture {
    const problems: string[] = [];
    const { store, rows } = MessageStore.open(folder, { ...small, ...options }, (problem) =>
      problems.push(problem),
    );
    return new Fixture(store, rows, problems);
  }

  unitOfWork(): UnitOfWork {
    return new UnitOfWork(this.store, () => this.queue);
  }

  put(unit: UnitOfWork, text: string, persistent = true, priority = 0): void {
    const descriptor = Buffer.alloc(DESCRIPTOR_LENGTH);
    descriptor.writeInt32LE(priority, Field.Priority);
    const message = {
      queue: QUEUE,
      persistent,
      priority,
      expiry: 0,
      descriptor,
      properties: Buffer.alloc(0),
    };
    const identifier = unit.identifier();
    const row = this.store.put({ ...message, data: Buffer.from(text) }, identifier, (error) => {
      if (error) unit.fail(identifier);
    });
    this.queue.depth++;
    unit.addPut(row);
  }

  get(unit: UnitOfWork): string | undefined {
    const row = this.queue.first(() => true);
    if (row === NONE) return undefined;
    const text = this.store.message(row).data.toString();
    unit.addGet(row);
    return text;
  }

  commit(unit: UnitOfWork): Promise<number> {
    return new Promise((resolve) => {
      unit.commit((error) => resolve(error?.reason ?? 0));
    });
  }

  backout(unit: UnitOfWork): Promise<void> {
    return new Promise((resolve) => {
      unit.backout(resolve);
    });
  }

  /** What anyone could get, in order. */
  get available(): string[] {
    const texts: string[] = [];
    for (const row of this.queue.available()) texts.push(this.store.message(row).data.toString());
    return texts;
  }
}

test('messages of committed units of work are there after a restart, with their backout counts', async () => {
  const first = Fixture.open();
  const [kept, left] = [first.unitOfWork(), first.unitOfWork()];
  for (const text of ['a', 'b', 'c']) first.put(kept, text);
  first.put(left, 'uncommitted');
  await first.commit(kept);
  const reader = first.unitOfWork();
  first.get(reader);
  await first.backout(reader);
  first.get(reader);
  await first.commit(reader);
  first.get(reader);
  await first.store.close();

  const second = Fixture.open();
  expect(second.available).toEqual(['b', 'c']);
  expect(second.queue.depth).toBe(2);
  await second.store.close();
});

test('a failed write backs the unit of work out, and neither loses nor doubles anything', async () => {
  let full = false;
  const beforeWrite = () => {
    if (full) throw new Error('disk full');
  };
  const at = Fixture.open({ beforeWrite });
  const unit = at.unitOfWork();
  at.put(unit, 'a');
  await at.commit(unit);
  full = true;
  at.get(unit);
  at.put(unit, 'b');
  expect(await at.commit(unit)).toBe(2003);
  expect(at.available).toEqual(['a']);
  full = false;
  at.get(unit);
  at.put(unit, 'b');
  expect(await at.commit(unit)).toBe(0);
  expect(at.available).toEqual(['b']);
  expect(at.problems).toEqual(['messages cannot be written: disk full', 'messages can be written again']);
  await at.store.close();
  const again = Fixture.open();
  expect(again.available).toEqual(['b']);
  await again.store.close();
});

test('checkpoints keep the journal short, with messages that stay and come and go', async () => {
  const fixture = Fixture.open();
  const unit = fixture.unitOfWork();
  fixture.put(unit, 'stays');
  await fixture.commit(unit);
  for (let i = 0; i < 200; i++) {
    fixture.put(unit, `${i}`);
    await fixture.commit(unit);
    if (i < 3) continue;
    const reader = fixture.unitOfWork();
    const held = fixture.unitOfWork();
    fixture.get(held); // 'stays' is locked meanwhile
    fixture.get(reader);
    await fixture.commit(reader);
    await fixture.backout(held);
  }
  await fixture.store.close();
  expect(fixture.problems).toEqual([]);
  expect(readdirSync(folder).filter((name) => name.startsWith('journal')).length).toBeLessThan(12);
  const again = Fixture.open();
  expect(again.available).toEqual(['stays', '197', '198', '199']);
  await again.store.close();
});

test('whatever units of work do, a restart finds what is committed, in the order of the puts', async () => {
  const action = fc.record({
    unit: fc.nat(2),
    what: fc.constantFrom('put', 'put', 'put', 'get', 'get', 'commit', 'backout', 'restart'),
    persistent: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
      for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
      let fixture = Fixture.open();
      let units = [0, 1, 2].map(() => fixture.unitOfWork());
      /** The model: who holds what. */
      let available: { text: string; persistent: boolean }[] = [];
      let puts = units.map(() => [] as { text: string; persistent: boolean }[]);
      let gets = units.map(() => [] as { text: string; persistent: boolean }[]);
      let next = 0;
      /** What the actions showed, and what they should have: [of the model, of the store]. */
      const compared: [unknown, unknown][] = [];
      for (const { unit, what, persistent } of actions) {
        if (what === 'put') {
          fixture.put(units[unit]!, String(next), persistent);
          puts[unit]!.push({ text: String(next++), persistent });
        } else if (what === 'get') {
          const expected = available.shift();
          compared.push([expected?.text, fixture.get(units[unit]!)]);
          if (expected) gets[unit]!.push(expected);
        } else if (what === 'restart') {
          await fixture.store.close();
          fixture = Fixture.open();
          units = units.map(() => fixture.unitOfWork());
          available = [...available, ...gets.flat()].filter((message) => message.persistent);
          puts = units.map(() => []);
          gets = units.map(() => []);
        } else {
          if (what === 'commit') compared.push([0, await fixture.commit(units[unit]!)]);
          else await fixture.backout(units[unit]!);
          available.push(...(what === 'commit' ? puts : gets)[unit]!);
          puts[unit] = [];
          gets[unit] = [];
        }
        available = available.toSorted((a, b) => Number(a.text) - Number(b.text));
        compared.push([available.map(({ text }) => text), fixture.available]);
        compared.push([available.length + puts.flat().length, fixture.queue.depth]);
      }
      expect(compared.map(([, store]) => store)).toEqual(compared.map(([model]) => model));
      await fixture.store.close();
    }),
    { numRuns: 60 },
  );
}, 60_000);
