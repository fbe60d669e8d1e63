import type { IncomingMessage } from '../message/incoming-message.js';

const MOST = 10_000;

/**
 * Remembers which messages were backed out together with others, so that a message does not count as poison because
 * it shared a unit of work with one.
 */
export class BatchBackouts {
  readonly #counts = new Map<string, number>();

  add(messages: readonly IncomingMessage[]): void {
    for (const { messageId } of messages) {
      const count = this.#counts.get(messageId) ?? 0;
      this.#counts.delete(messageId);
      this.#counts.set(messageId, count + 1);
    }
    for (const messageId of this.#counts.keys()) {
      if (this.#counts.size <= MOST) break;
      this.#counts.delete(messageId);
    }
  }

  remove(messages: readonly IncomingMessage[]): void {
    if (this.#counts.size === 0) return;
    for (const { messageId } of messages) this.#counts.delete(messageId);
  }

  /** How often a message was backed out on its own, or by others. */
  ownBackouts({ messageId, backoutCount }: IncomingMessage): number {
    return Math.max(0, backoutCount - (this.#counts.get(messageId) ?? 0));
  }
}
