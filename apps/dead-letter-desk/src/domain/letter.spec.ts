import { LETTER_STATES, whenAsked, whenSeen, whyRefused } from './letter.js';

test.each([
  ['redrive', 'OPEN', 'begin'],
  ['redrive', 'REDRIVING', 'finish'],
  ['redrive', 'REDRIVEN', 'done'],
  ['redrive', 'DISCARDING', 'refuse'],
  ['redrive', 'DISCARDED', 'refuse'],
  ['redrive', 'GONE', 'refuse'],
  ['redrive', 'GIVEN_UP', 'refuse'],
  ['give-up', 'OPEN', 'begin'],
  ['give-up', 'GIVEN_UP', 'done'],
  ['give-up', 'REDRIVEN', 'refuse'],
  ['give-up', 'DISCARDED', 'refuse'],
  ['discard', 'GIVEN_UP', 'refuse'],
  ['discard', 'OPEN', 'begin'],
  ['discard', 'REDRIVING', 'refuse'],
  ['discard', 'REDRIVEN', 'refuse'],
  ['discard', 'DISCARDING', 'finish'],
  ['discard', 'DISCARDED', 'done'],
  ['discard', 'GONE', 'refuse'],
] as const)('to %s a letter that is %s: %s', (action, state, step) => {
  expect(whenAsked(action, state)).toBe(step);
});

test.each([
  ['OPEN', 'OPEN', 'GONE'],
  ['REDRIVING', 'REDRIVING', 'REDRIVING'],
  ['REDRIVEN', 'REDRIVING', 'REDRIVEN'],
  ['DISCARDING', 'DISCARDING', 'DISCARDING'],
  ['DISCARDED', 'DISCARDING', 'DISCARDED'],
  ['GONE', 'OPEN', 'GONE'],
] as const)(
  'a letter that was %s is %s when it is on its queue and %s when it is not',
  (state, seen, unseen) => {
    expect([whenSeen(state, true), whenSeen(state, false)]).toEqual([seen, unseen]);
  },
);

test('a refusal says why', () => {
  for (const state of LETTER_STATES) expect(whyRefused('redrive', state)).toMatch(/cannot be sent again/);
  expect(whyRefused('discard', 'GONE')).toMatch(/Somebody else/);
});
