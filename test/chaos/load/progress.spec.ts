import { Progress } from './progress.js';

const RATE = 10;
const LOOK = 250;

/** Looks every quarter of a second, while so many orders per second come to their ends. */
function progressOf(...phases: readonly { seconds: number; perSecond: number }[]): Progress {
  const progress = new Progress(RATE);
  let [at, done] = [0, 0];
  progress.add(at, done);
  for (const { seconds, perSecond } of phases) {
    for (const end = at + seconds * 1_000; at < end;) {
      at += LOOK;
      done += (perSecond * LOOK) / 1_000;
      progress.add(at, done);
    }
  }
  return progress;
}

test('what is placed comes to its end: normal since the windows began', () => {
  const progress = progressOf({ seconds: 10, perSecond: RATE });
  expect(progress.normalSince(0)).toBe(6_000);
});

test('a fifth may be missing, more may not', () => {
  expect(progressOf({ seconds: 10, perSecond: 0.8 * RATE }).normalSince(0)).toBe(6_000);
  expect(progressOf({ seconds: 10, perSecond: 0.75 * RATE }).normalSince(0)).toBeUndefined();
});

test('windows that began before the end of the fault say nothing', () => {
  const progress = progressOf({ seconds: 10, perSecond: RATE });
  expect(progress.normalSince(6_001)).toBeUndefined();
});

test('what was under way when the fault struck is not taken for recovery', () => {
  const afterwards = { seconds: 2, perSecond: RATE };
  expect(progressOf(afterwards, { seconds: 2, perSecond: 0 }).normalSince(0)).toBeUndefined();
});

test('normal after a stall: from the stall, not from the fault', () => {
  const progress = progressOf(
    { seconds: 5, perSecond: RATE },
    { seconds: 20, perSecond: 0 },
    { seconds: 4, perSecond: RATE },
  );
  expect(progress.normalSince(5_000)).toBe(25_000);
});

test('a database that could not be looked at: the orders have to make up for the time', () => {
  const progress = new Progress(RATE);
  progress.add(0, 0);
  progress.add(20_000, 15);
  progress.add(22_000, 35);
  expect(progress.normalSince(0)).toBeUndefined();
  progress.add(24_000, 55);
  expect(progress.normalSince(0)).toBe(20_000);
});
