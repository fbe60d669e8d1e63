import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../test-support/eventually.js';
import type { Checkpoint } from './checkpoint-file.js';
import { Storage, type DurableState } from './storage.js';

/** A list of words; bringing to disk what its snapshot relies on takes as long, and fails, as a test wants. */
class Words implements DurableState<string, string[]> {
  readonly name = 'words';
  words: string[] = [];
  persist: () => Promise<void> = () => Promise.resolve();

  apply(word: string): void {
    this.words.push(word);
  }

  snapshot(): string[] {
    return this.words;
  }

  restore(words: string[]): void {
    this.words = words;
  }
}

const journalBytes = 1000;
const word = (index: number) => `word ${index} `.padEnd(100, 'x');
let folder: string;
let storage: Storage;
let words: Words;
let batches: string[];
let log: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'storage-'));
  log = [];
  await open();
});

afterEach(async () => {
  await storage.abandon();
  await rm(folder, { recursive: true });
});

async function open(): Promise<void> {
  storage = await Storage.open(folder, { journalBytes, log: (line) => log.push(line) });
  words = new Words();
  batches = [];
  storage.register(words);
  await storage.recover({ recoverBatch: (content) => batches.push(content.toString()) });
}

/** As after a crash: nothing is finished. */
async function reopen(): Promise<void> {
  await storage.abandon();
  await open();
}

async function generation(): Promise<number> {
  const checkpoint = JSON.parse(await readFile(join(folder, 'checkpoint.json'), 'utf8')) as Checkpoint;
  return checkpoint.generation;
}

const commit = (index: number) => storage.commit(words, word(index));

test('changes and batches are there again after a crash', async () => {
  await commit(0);
  await storage.appendBatch([Buffer.from('batch '), Buffer.from('one')], () => undefined);
  await commit(1);
  await reopen();
  expect(words.words).toEqual([word(0), word(1)]);
  expect(batches).toEqual(['batch one']);
});

test('a checkpoint takes over when the journal is full, and nothing is applied twice or lost', async () => {
  for (let index = 0; index < 100; index++) await commit(index);
  await eventually(async () => (await generation()) > 1);
  const expected = [...words.words];
  await storage.close();
  await open();
  expect(words.words).toEqual(expected);
  expect(expected).toHaveLength(100);
});

test('a generation that fills up during a checkpoint is followed by another checkpoint', async () => {
  let finish!: () => void;
  words.persist = () => new Promise((resolve) => (finish = resolve));
  for (let index = 0; index < 20; index++) await commit(index);
  words.persist = () => Promise.resolve();
  finish();
  await eventually(async () => (await generation()) > 2);
  expect(await generation()).toBe(3);
});

test('a checkpoint that fails is tried again, and until then its journal is kept', async () => {
  words.persist = () => Promise.reject(new Error('disk full'));
  for (let index = 0; index < 50; index++) await commit(index);
  await eventually(() => log.length > 0);
  expect(log[0]).toBe('The checkpoint failed and is tried again: disk full');
  const expected = [...words.words];
  words.persist = () => Promise.resolve();
  await eventually(async () => (await generation()) > 1);
  await storage.abandon();
  await open();
  expect(new Set(words.words)).toEqual(new Set(expected));
});
