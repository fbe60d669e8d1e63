import { jest } from '@jest/globals';
import { OffsetCommitter } from './offset-committer.js';

/** A consumer whose commits fail so often. */
function failing(failures: number) {
  let left = failures;
  const consumer = {
    running: true,
    committed: 0,
    attempts: 0,
    uncommittedOffsets: () => ({ topics: [] }),
    isRunning: () => consumer.running,
    commitOffsetsIfNecessary: () => {
      consumer.attempts++;
      if (left-- > 0) return Promise.reject(new Error('The coordinator is loading'));
      consumer.committed++;
      return Promise.resolve();
    },
  };
  return consumer;
}

describe('OffsetCommitter', () => {
  let errors: Error[];
  let committer: OffsetCommitter;

  beforeEach(() => {
    jest.useFakeTimers();
    errors = [];
    committer = new OffsetCommitter(10, (error) => errors.push(error));
  });

  afterEach(() => jest.useRealTimers());

  test('tries a failed commit again though no message comes', async () => {
    const consumer = failing(3);
    committer.resolved(consumer);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(consumer).toMatchObject({ attempts: 4, committed: 1 });
    expect(errors).toHaveLength(3);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(consumer.attempts).toBe(4);
  });

  test('tries less and less often', async () => {
    const consumer = failing(Infinity);
    committer.resolved(consumer);
    await jest.advanceTimersByTimeAsync(600_000);
    expect(consumer.attempts).toBeGreaterThan(50);
    expect(consumer.attempts).toBeLessThan(150);
    await committer.flush();
  });

  test('gives up with its consumer', async () => {
    const consumer = failing(Infinity);
    committer.resolved(consumer);
    await jest.advanceTimersByTimeAsync(20);
    consumer.running = false;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(consumer.attempts).toBe(2);
  });

  test('tries nothing again after the last commit', async () => {
    const consumer = failing(Infinity);
    committer.resolved(consumer);
    await committer.flush();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(consumer.attempts).toBe(1);
  });
});
