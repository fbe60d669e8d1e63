import type { IncomingMessage } from '../message/incoming-message.js';
import { ExcusedBackouts } from './excused-backouts.js';

const message = (messageId: string, backoutCount: number) => ({ messageId, backoutCount }) as IncomingMessage;

test('excused backouts do not count against a message', () => {
  const backouts = new ExcusedBackouts();
  backouts.add([message('a', 0), message('b', 1)]);
  expect(backouts.ownBackouts(message('a', 1))).toBe(0);
  expect(backouts.ownBackouts(message('b', 2))).toBe(1);
  expect(backouts.ownBackouts(message('c', 2))).toBe(2);
  backouts.add([message('a', 1)]);
  expect(backouts.ownBackouts(message('a', 3))).toBe(1);
  backouts.remove([message('a', 3)]);
  expect(backouts.ownBackouts(message('a', 3))).toBe(3);
});

test('memory is bounded: the oldest are forgotten', () => {
  const backouts = new ExcusedBackouts();
  for (let i = 0; i <= 10_000; i++) backouts.add([message(`${i}`, 0)]);
  expect(backouts.ownBackouts(message('0', 1))).toBe(1);
  expect(backouts.ownBackouts(message('1', 1))).toBe(0);
  expect(backouts.ownBackouts(message('10000', 1))).toBe(0);
});
