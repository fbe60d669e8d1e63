import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOptions } from './options.js';

const command = (...args: string[]) => readOptions(args).command;

test('letters are listed by a filter; those that are open unless asked otherwise', () => {
  expect(command('list')).toEqual({ name: 'list', limit: 20, filter: { state: 'OPEN' } });
  expect(command('list', '--state', 'all', '--order', 'o', '--reason', 'json', '--limit', '5')).toEqual({
    name: 'list',
    limit: 5,
    filter: { orderId: 'o', reason: 'json' },
  });
});

test('letters are sent again by id, changed, or by a filter', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'letter-')), 'payload.json');
  writeFileSync(file, '{"a":1}');
  expect(command('redrive', 'x', 'y')).toEqual({ name: 'redrive', ids: ['x', 'y'] });
  expect(command('redrive', 'x', '--payload', file, '--header', 'a=b=c', '--header', 'd=')).toEqual({
    name: 'redrive',
    ids: ['x'],
    edit: { payload: { a: 1 }, headers: { a: 'b=c', d: null } },
  });
  expect(command('redrive', '--all', '--source', 's')).toEqual({
    name: 'redrive-all',
    filter: { source: 's' },
  });
});

test('a letter is given up with a reason', () => {
  expect(command('discard', 'x', '--reason', 'a test')).toEqual({
    name: 'discard',
    id: 'x',
    reason: 'a test',
  });
});

test('parked calls are given up by id, or by a filter, with a reason', () => {
  expect(command('give-up', 'x', 'y', '--reason', 'a test')).toEqual({
    name: 'give-up',
    ids: ['x', 'y'],
    reason: 'a test',
  });
  expect(command('give-up', '--all', '--type', 't', '--reason', 'a test')).toEqual({
    name: 'give-up-all',
    filter: { type: 't' },
    reason: 'a test',
  });
});

test.each([
  [['send'], /Unknown command send/],
  [['show'], /one letter/],
  [['show', 'x', 'y'], /one letter/],
  [['redrive'], /Which letters/],
  [['redrive', '--all', 'x'], /neither ids/],
  [['redrive', 'x', 'y', '--header', 'a=b'], /one letter/],
  [['redrive', 'x', '--header', 'a'], /NAME=VALUE/],
  [['redrive', 'x', '--payload', '/no/such'], /no such file/],
  [['discard', 'x'], /--reason/],
  [['give-up', 'x'], /--reason/],
  [['give-up', '--reason', 'why'], /Which parked calls/],
  [['give-up', 'x', '--all', '--reason', 'why'], /no ids/],
  [['list', '--limit', 'many'], /whole number/],
])('%j says what to do', (args, message) => {
  expect(() => readOptions(args)).toThrow(message);
});
