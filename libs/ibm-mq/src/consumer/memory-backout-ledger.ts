import type { BackoutLedger, DeliveredMessage } from './backout-ledger.js';

const MOST = 10_000;

/**
 * Remembers excused deliveries for the life of this process; every other backout counts against its message, also those of
 * which only another process, or one before, knows the reason.
 */
export class MemoryBackoutLedger implements BackoutLedger {
  readonly #excused = new Map<string, number>();

  begin({ queue, messageId, backoutCount }: DeliveredMessage): Promise<number> {
    return Promise.resolve(Math.max(0, backoutCount - (this.#excused.get(key(queue, messageId)) ?? 0)));
  }

  excuse(messages: readonly DeliveredMessage[]): Promise<void> {
    for (const { queue, messageId } of messages) {
      const id = key(queue, messageId);
      const count = this.#excused.get(id) ?? 0;
      this.#excused.delete(id);
      this.#excused.set(id, count + 1);
    }
    for (const id of this.#excused.keys()) {
      if (this.#excused.size <= MOST) break;
      this.#excused.delete(id);
    }
    return Promise.resolve();
  }

  settle(messages: readonly DeliveredMessage[]): Promise<void> {
    for (const { queue, messageId } of messages) this.#excused.delete(key(queue, messageId));
    return Promise.resolve();
  }
}

const key = (queue: string, messageId: string): string => `${queue} ${messageId}`;
