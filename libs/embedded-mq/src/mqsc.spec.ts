import { parseMqsc } from './mqsc.js';

const words = (source: string) => parseMqsc(source).map((command) => command.words);

test('a command is a verb, an object and attributes, in upper case unless quoted', () => {
  expect(words("define qlocal(orders.in) descr('It''s (here)') MAXDEPTH( 10 ) replace")).toEqual([
    [
      { keyword: 'DEFINE' },
      { keyword: 'QLOCAL', argument: 'ORDERS.IN' },
      { keyword: 'DESCR', argument: "It's (here)" },
      { keyword: 'MAXDEPTH', argument: '10' },
      { keyword: 'REPLACE' },
    ],
  ]);
});

test('comments and empty lines are passed over, lines are counted', () => {
  const commands = parseMqsc('* a comment\n\nALTER QMGR +\n* between\n   DEADQ(DLQ)\nEND');
  expect(commands.map(({ line }) => line)).toEqual([3, 6]);
  expect(commands[0]!.words[2]).toEqual({ keyword: 'DEADQ', argument: 'DLQ' });
});

test('a plus continues at the first non-blank of the next line, a minus at its start', () => {
  expect(words("DEFINE QLOCAL(A) DESCR('one +\n     two')")[0]![2]!.argument).toBe('one two');
  expect(words("DEFINE QLOCAL(A) DESCR('one -\n  two')")[0]![2]!.argument).toBe('one   two');
});

test('a semicolon ends a command, except in quotes', () => {
  expect(words("ALTER QMGR DESCR('a;b'); END")).toHaveLength(2);
});

test('parentheses may be nested', () => {
  expect(words('DEFINE CHANNEL(C) CONNAME(host(1414),other(1415))')[0]![2]!.argument).toBe(
    'HOST(1414),OTHER(1415)',
  );
});

test.each([
  ['DEFINE QLOCAL(A', 'a closing parenthesis is missing'],
  ["DEFINE QLOCAL('A)", 'a closing quote is missing'],
  ['DEFINE )', 'unexpected )'],
])('%s is a problem', (source, problem) => {
  expect(parseMqsc(source)).toEqual([expect.objectContaining({ problem, words: [] })]);
});
