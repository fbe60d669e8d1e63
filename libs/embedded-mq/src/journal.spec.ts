import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Journal, JournalDamaged, type JournalOptions, RECORD_HEADER } from './journal.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'embedded-mq-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const options: JournalOptions = { segmentBytes: 1_000_000, bufferBytes: 10_000 };

function record(text: string): Buffer {
  return Buffer.concat([Buffer.alloc(RECORD_HEADER), Buffer.from(text)]);
}

function open(
  more: Partial<JournalOptions> = {},
  firstSegment = 1,
): { journal: Journal; replayed: string[] } {
  const replayed: string[] = [];
  const journal = Journal.open(folder, { ...options, ...more }, firstSegment, (found) =>
    replayed.push(found.toString('utf8', RECORD_HEADER)),
  );
  return { journal, replayed };
}

function append(journal: Journal, text: string, sync = true): Promise<[number, number]> {
  return new Promise((resolve, reject) => {
    journal.append(record(text), sync, (error, segment, offset) => {
      if (error) reject(error);
      else resolve([segment, offset]);
    });
  });
}

const segments = () => readdirSync(folder).toSorted((a, b) => a.localeCompare(b));

test('records come back in order, and can be read where they are', async () => {
  const { journal } = open();
  const places = await Promise.all(['a', 'bb', 'ccc'].map((text) => append(journal, text)));
  const [segment, offset] = places[1]!;
  expect(journal.read(segment, offset, RECORD_HEADER + 2).toString('utf8', RECORD_HEADER)).toBe('bb');
  await journal.close();
  const again = open();
  expect(again.replayed).toEqual(['a', 'bb', 'ccc']);
  await again.journal.close();
});

test('what is appended together is one write and one sync', async () => {
  const { journal } = open();
  await Promise.all(Array.from({ length: 100 }, (_, i) => append(journal, `record ${i}`)));
  expect(journal.written).toMatchObject({ batches: 1, syncs: 1 });
  await journal.close();
});

test('records nobody waits for are written with the next that somebody waits for, or when it closes', async () => {
  const { journal } = open();
  const first = append(journal, 'a', false);
  await append(journal, 'b');
  await first;
  const last = append(journal, 'c', false);
  await journal.close();
  await last;
  const again = open();
  expect(again.replayed).toEqual(['a', 'b', 'c']);
  await again.journal.close();
});

test.each([
  ['cut in a record', (path: string, length: number) => truncateSync(path, length - 3)],
  ['followed by zeros', (path: string) => appendFileSync(path, Buffer.alloc(100))],
  ['followed by half a record', (path: string) => appendFileSync(path, record('lost').fill(255, 0, 8))],
])('a segment whose end is %s keeps what is whole, and goes on', async (_, damage) => {
  const { journal } = open();
  await append(journal, 'whole');
  await append(journal, 'torn or whole');
  await journal.close();
  const path = join(folder, segments()[0]!);
  damage(path, readFileSync(path).length);
  const again = open();
  expect(again.replayed[0]).toBe('whole');
  await append(again.journal, 'new');
  await again.journal.close();
  const third = open();
  expect(third.replayed.at(-1)).toBe('new');
  await third.journal.close();
});

test('damage before the last segment is an error', async () => {
  for (const text of ['a', 'b']) {
    const { journal } = open();
    await append(journal, text);
    await journal.close();
  }
  const path = join(folder, segments()[0]!);
  const content = readFileSync(path);
  content[content.length - 1]! ^= 1;
  writeFileSync(path, content);
  expect(() => open()).toThrow(JournalDamaged);
});

test('a full segment is followed by another; the replay starts where it is told to', async () => {
  const { journal } = open({ segmentBytes: 100 });
  for (const text of ['a', 'b', 'c']) await append(journal, text.repeat(100));
  await journal.close();
  expect(segments()).toEqual([
    'journal-00000001',
    'journal-00000002',
    'journal-00000003',
    'journal-00000004',
  ]);
  const again = open({}, 2);
  expect(again.replayed.map((text) => text[0])).toEqual(['b', 'c']);
  await again.journal.close();
});

test('a failed write keeps nothing of its batch, and the next one works', async () => {
  let full = false;
  const beforeWrite = () => {
    if (full) throw new Error('disk full');
  };
  const { journal } = open({ beforeWrite });
  await append(journal, 'a');
  full = true;
  const results = await Promise.allSettled([append(journal, 'b', false), append(journal, 'c')]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  full = false;
  await append(journal, 'd');
  await journal.close();
  const again = open();
  expect(again.replayed).toEqual(['a', 'd']);
  await again.journal.close();
});
