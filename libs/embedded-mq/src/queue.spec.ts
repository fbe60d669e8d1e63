import fc from 'fast-check';

import { initialAttributes, localQueueAttributes } from './attributes.js';
import { MessageIndex, NONE, State } from './message-index.js';
import { type Cursor, Queue } from './queue.js';

function newQueue(): { queue: Queue; index: MessageIndex } {
  const index = new MessageIndex();
  return { queue: new Queue('Q', 1, initialAttributes(localQueueAttributes), '', index), index };
}

let nextSequence = 0;
function add(queue: Queue, index: MessageIndex, priority = 0, sequence = ++nextSequence): number {
  const row = index.allocate();
  index.sequence[row] = sequence;
  index.priority[row] = priority;
  queue.link(row);
  return row;
}

const any = () => true;

/** All messages in the order of delivery, seen through a browse. */
function browse(queue: Queue, index: MessageIndex): number[] {
  const cursor: Cursor = { row: NONE, sequence: 0, priority: 9 };
  const rows: number[] = [];
  for (let row = queue.first(any); row !== NONE; row = queue.after(cursor, any)) {
    rows.push(row);
    Object.assign(cursor, { row, sequence: index.sequence[row], priority: index.priority[row] });
  }
  return rows;
}

test('messages are in the order of priority and MQPUT, whatever is taken out and put back', () => {
  const message = fc.record({
    priority: fc.integer({ min: 0, max: 9 }),
    lock: fc.boolean(),
    back: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 40 }), (messages) => {
      const { queue, index } = newQueue();
      const rows = messages.map(({ priority }) => add(queue, index, priority));
      const expected = new Set(rows);
      for (const [i, { lock }] of messages.entries()) {
        if (!lock) continue;
        queue.unlink(rows[i]!, State.LOCKED);
        expected.delete(rows[i]!);
      }
      for (const [i, { lock, back }] of messages.entries()) {
        if (!lock || !back) continue;
        queue.link(rows[i]!);
        expected.add(rows[i]!);
      }
      const order = [...expected].toSorted(
        (a, b) => index.priority[b]! - index.priority[a]! || index.sequence[a]! - index.sequence[b]!,
      );
      expect(browse(queue, index)).toEqual(order);
    }),
  );
});

test('a browse goes on behind a message that is gone, even if its row is used again', () => {
  const { queue, index } = newQueue();
  const [first, second, third] = [add(queue, index), add(queue, index), add(queue, index)];
  const cursor: Cursor = { row: second, sequence: index.sequence[second]!, priority: 0 };
  queue.unlink(second, State.LEAVING);
  index.release(second);
  expect(queue.isAt(cursor)).toBe(false);
  const reused = add(queue, index);
  expect(reused).toBe(second);
  expect(queue.after(cursor, any)).toBe(third);
  expect(queue.first(any)).toBe(first);
});

test('a change of the delivery sequence waits until the queue is empty', () => {
  const { queue, index } = newQueue();
  const [low, high] = [add(queue, index, 1), add(queue, index, 9)];
  queue.attributes.MSGDLVSQ = 1;
  const later = add(queue, index, 5);
  expect(browse(queue, index)).toEqual([high, later, low]);
  for (const row of [low, high, later]) queue.unlink(row, State.LEAVING);
  const [one, two] = [add(queue, index, 1), add(queue, index, 9)];
  expect(browse(queue, index)).toEqual([one, two]);
});

test('waiting gets are served in the order of their waiting', () => {
  const { queue, index } = newQueue();
  const served: string[] = [];
  for (const name of ['first', 'second']) {
    queue.wait({
      poll() {
        const row = queue.first(any);
        if (row === NONE) return false;
        queue.unlink(row, State.LOCKED);
        served.push(name);
        return true;
      },
    });
  }
  add(queue, index);
  queue.wake();
  expect(served).toEqual(['first']);
  add(queue, index);
  queue.wake();
  queue.wake();
  expect(served).toEqual(['first', 'second']);
});
