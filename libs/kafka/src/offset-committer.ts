import { backoffDelay } from '@orderbridge/messaging';
import { crashPoint } from '@orderbridge/crash-points';
import type { EachBatchPayload } from 'kafkajs';

type Committable = Pick<EachBatchPayload, 'commitOffsetsIfNecessary' | 'uncommittedOffsets' | 'isRunning'>;

/** Milliseconds between two attempts to commit. */
const RETRY = { initial: 500, max: 10_000 };

/**
 * Commits resolved offsets shortly after they were resolved rather than after each batch, and tries again for as long as
 * the consumer runs. Offsets are only a hint where to go on: the inbox knows what was handled, so a lost commit costs
 * some repeated deliveries.
 */
export class OffsetCommitter {
  readonly #delayMs: number;
  readonly #failed: (error: Error) => void;
  #latest: Committable | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;

  constructor(delayMs: number, failed: (error: Error) => void) {
    this.#delayMs = delayMs;
    this.#failed = failed;
  }

  resolved(consumer: Committable): void {
    this.#latest = consumer;
    this.#timer ??= setTimeout(() => void this.#commit(), this.#delayMs);
  }

  /** Commits now, for the last time: nothing is tried again. */
  async flush(): Promise<void> {
    await this.#commit();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#latest = undefined;
    this.#failures = 0;
  }

  async #commit(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const latest = this.#latest;
    this.#latest = undefined;
    if (!latest) return;
    try {
      crashPoint('kafka.committing-offsets');
      // Those of the current assignment alone: what was lost to another member is the other's to commit.
      await latest.commitOffsetsIfNecessary(latest.uncommittedOffsets());
      crashPoint('kafka.offsets-committed');
      this.#failures = 0;
    } catch (error) {
      this.#failed(error as Error);
      if (!latest.isRunning()) return;
      this.#latest ??= latest;
      this.#timer ??= setTimeout(() => void this.#commit(), backoffDelay(++this.#failures, RETRY));
    }
  }
}
