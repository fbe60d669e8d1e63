import { longestCalm } from './recovery.js';

test('a fault alone: from its end to normal throughput', () => {
  expect(longestCalm(10, 17, [])).toBe(7);
});

test('a fault that strikes meanwhile starts the clock anew at its own end', () => {
  expect(longestCalm(10, 80, [{ begin: 12, end: 72 }])).toBe(8);
});

test('but what took too long before it struck is not hidden', () => {
  expect(longestCalm(10, 80, [{ begin: 55, end: 75 }])).toBe(45);
});

test('faults that overlap, in whatever order they are told', () => {
  const spans = [
    { begin: 30, end: 31 },
    { begin: 12, end: 40 },
    { begin: 5, end: 11 },
  ];
  expect(longestCalm(10, 45, spans)).toBe(5);
});

test('faults before its end and after normal throughput do not count', () => {
  const spans = [
    { begin: 1, end: 9 },
    { begin: 18, end: 30 },
  ];
  expect(longestCalm(10, 17, spans)).toBe(7);
});

test('a fault that is still striking when throughput is normal again', () => {
  expect(longestCalm(10, 20, [{ begin: 14, end: 90 }])).toBe(4);
});
