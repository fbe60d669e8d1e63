import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ledger } from './ledger.js';

let folder: string;
let ledger: Ledger<{ amount: number }>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ledger-'));
  ledger = await Ledger.open(folder);
});

afterEach(async () => {
  await ledger.close();
  await rm(folder, { recursive: true });
});

test('creates once, also when asked many times at once', async () => {
  let made = 0;
  const entries = await Promise.all(
    Array.from({ length: 20 }, () => ledger.getOrCreate('a', () => ({ amount: ++made }))),
  );
  expect(made).toBe(1);
  expect(entries.filter(({ created }) => created)).toHaveLength(1);
  expect(entries.every(({ item }) => item.amount === 1)).toBe(true);
});

test('keeps its items when it is opened again', async () => {
  await ledger.getOrCreate('a', () => ({ amount: 1 }));
  await ledger.replace('a', { amount: 2 });
  await ledger.close();
  ledger = await Ledger.open(folder);
  expect(await ledger.get('a')).toEqual({ amount: 2 });
  expect(await ledger.get('b')).toBeUndefined();
});

test('pages through its items', async () => {
  for (const key of ['a', 'b', 'c']) await ledger.getOrCreate(key, () => ({ amount: 1 }));
  const first = await ledger.page(2);
  expect(first.map(([key]) => key)).toEqual(['a', 'b']);
  expect((await ledger.page(2, 'b')).map(([key]) => key)).toEqual(['c']);
});
