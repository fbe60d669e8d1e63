import { deliveriesAgainst } from './backout-ledger.js';
import { MemoryBackoutLedger } from './memory-backout-ledger.js';

const message = (messageId: string, backoutCount: number) => ({ queue: 'IN', messageId, backoutCount });

describe('deliveries that count against a message', () => {
  test.each([
    ['three crashes, of which the first delivery is not recorded', 2, 0, 3, 3],
    ['three graceful stops', 0, 3, 3, 0],
    ['three stops while nothing could be recorded', 0, 0, 3, 0],
    ['two crashes after stops of which nothing could be recorded', 2, 0, 9, 3],
    ['a crash after two graceful stops', 1, 2, 3, 1],
    ['a crash after a graceful stop that could not be recorded', 1, 0, 2, 2],
  ])('%s', (_, begun, excused, backoutCount, against) => {
    expect(deliveriesAgainst({ begun, excused }, backoutCount)).toBe(against);
  });
});

describe('MemoryBackoutLedger', () => {
  test('excused deliveries do not count against a message', async () => {
    const ledger = new MemoryBackoutLedger();
    await ledger.excuse([message('a', 0), message('b', 1)]);
    expect(await ledger.begin(message('a', 1))).toBe(0);
    expect(await ledger.begin(message('b', 2))).toBe(1);
    expect(await ledger.begin(message('c', 2))).toBe(2);
    await ledger.excuse([message('a', 1)]);
    expect(await ledger.begin(message('a', 3))).toBe(1);
    await ledger.settle([message('a', 3)]);
    expect(await ledger.begin(message('a', 3))).toBe(3);
  });

  test('memory is bounded: the oldest are forgotten', async () => {
    const ledger = new MemoryBackoutLedger();
    for (let i = 0; i <= 10_000; i++) await ledger.excuse([message(`${i}`, 0)]);
    expect(await ledger.begin(message('0', 1))).toBe(1);
    expect(await ledger.begin(message('1', 1))).toBe(0);
    expect(await ledger.begin(message('10000', 1))).toBe(0);
  });
});
