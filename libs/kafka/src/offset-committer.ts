import { crashPoint } from '@orderbridge/crash-points';
import type { EachBatchPayload } from 'kafkajs';

type Committable = Pick<EachBatchPayload, 'commitOffsetsIfNecessary' | 'uncommittedOffsets'>;

/**
 * Commits resolved offsets shortly after they were resolved rather than after each batch. Offsets are only a hint
 * where to go on: the inbox knows what was handled, so a lost commit costs some repeated deliveries.
 */
export class OffsetCommitter {
  readonly #delay: number;
  readonly #failed: (error: Error) => void;
  #latest: Committable | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(delay: number, failed: (error: Error) => void) {
    this.#delay = delay;
    this.#failed = failed;
  }

  resolved(consumer: Committable): void {
    this.#latest = consumer;
    this.#timer ??= setTimeout(() => void this.flush(), this.#delay);
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const latest = this.#latest;
    this.#latest = undefined;
    if (!latest) return;
    try {
      crashPoint('kafka.committing-offsets');
      await latest.commitOffsetsIfNecessary(latest.uncommittedOffsets());
      crashPoint('kafka.offsets-committed');
    } catch (error) {
      this.#failed(error as Error);
    }
  }
}
