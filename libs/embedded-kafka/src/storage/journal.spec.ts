import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Journal } from './journal.js';
import type { StorageError } from './storage-error.js';

const limit = 1000;
let folder: string;
let journal: Journal;
let fullCount: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'));
  fullCount = 0;
  journal = await openJournal(1);
});

afterEach(async () => {
  await journal.close();
  await rm(folder, { recursive: true });
});

function openJournal(generation: number): Promise<Journal> {
  return Journal.open(folder, { limit, generation, onFull: () => fullCount++ });
}

function entry(text: string, settled: (error?: StorageError) => void = () => undefined) {
  return { kind: 1, content: [Buffer.from(text)], settled };
}

async function readAll(fromGeneration = 0): Promise<string[]> {
  const found: string[] = [];
  for await (const { entries } of Journal.read(folder, fromGeneration)) {
    found.push(...entries.map(({ content }) => content.toString()));
  }
  return found;
}

test('what was appended is read in its order, and settled in it', async () => {
  const order: string[] = [];
  const texts = ['a', 'b', 'c'];
  await Promise.all(texts.map((text) => journal.append(entry(text, () => order.push(text)))));
  await journal.append(entry('d', () => order.push('d')));
  expect(order).toEqual(['a', 'b', 'c', 'd']);
  expect(await readAll()).toEqual(['a', 'b', 'c', 'd']);
});

test('generations take turns with two files, and only those asked for are read', async () => {
  await journal.append(entry('first'));
  await journal.startGeneration();
  await journal.append(entry('second'));
  expect(await readAll()).toEqual(['first', 'second']);
  expect(await readAll(2)).toEqual(['second']);
  await journal.startGeneration();
  await journal.append(entry('third'));
  expect(await readAll(2)).toEqual(['second', 'third']);
});

test('an entry may be larger than all that is gathered in one write', async () => {
  const large = 'x'.repeat(200_000);
  await journal.append({
    kind: 1,
    content: [Buffer.from(large), Buffer.from('end')],
    settled: () => undefined,
  });
  expect(await readAll()).toEqual([`${large}end`]);
});

test('it says that it is full until a new generation is started, and goes on', async () => {
  const appendLarge = () => journal.append(entry('x'.repeat(400)));
  for (let count = 0; count < 5; count++) await appendLarge();
  expect(fullCount).toBe(3);
  await journal.startGeneration();
  await appendLarge();
  expect(fullCount).toBe(3);
  expect(await readAll()).toHaveLength(6);
});

test('nothing is passed over when it is drained while a write is about to start', async () => {
  const large = 'x'.repeat(5_000_000);
  const appended = [
    journal.append(entry(large)),
    journal.append(entry(large)),
    journal.append(entry('last')),
  ];
  await journal.drain();
  await Promise.all(appended);
  expect((await readAll()).map(({ length }) => length)).toEqual([large.length, large.length, 4]);
});

test.each([
  ['the length', 4],
  ['the header', 13],
  ['the content', 30],
])('a frame with a torn write in %s ends what is read', async (_part, offset) => {
  await journal.append(entry('whole'));
  const wholeBytes = 18 + 5 + 'whole'.length;
  await journal.append(entry('torn apart by a crash'));
  const file = await open(join(folder, 'journal-1'), 'r+');
  await file.write(Buffer.from([0xff]), 0, 1, wholeBytes + offset);
  await file.close();
  expect(await readAll()).toEqual(['whole']);
});

test('what an earlier generation left in the file is not read again', async () => {
  await journal.append(entry('one'));
  await journal.append(entry('two'));
  await journal.startGeneration();
  await journal.startGeneration();
  await journal.append(entry('new'));
  expect(await readAll(3)).toEqual(['new']);
});

test('a missing frame between two generations is reported', async () => {
  await journal.append(entry('one'));
  await journal.append(entry('two'));
  await journal.startGeneration();
  await journal.append(entry('three'));
  const file = await open(join(folder, 'journal-1'), 'r+');
  await file.write(Buffer.from([0xff]), 0, 1, 18 + 5 + 3 + 20);
  await file.close();
  await expect(readAll()).rejects.toThrow(/damaged/);
});

test('the files are allocated once, so that later writes do not change their size', async () => {
  const sizes = async () => {
    const files = await Promise.all(['journal-0', 'journal-1'].map((name) => stat(join(folder, name))));
    return files.map(({ size }) => size);
  };
  expect(await sizes()).toEqual([limit, limit]);
  await journal.append(entry('small'));
  expect(await sizes()).toEqual([limit, limit]);
});
