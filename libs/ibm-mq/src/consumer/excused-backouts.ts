import type { IncomingMessage } from '../message/incoming-message.js';

const MOST = 10_000;

/**
 * Remembers the backouts that say nothing against a message, so that it does not count as poison because of them: those
 * of a unit of work that it shared with others, of a commit that failed, and of a connection that was lost.
 */
export class ExcusedBackouts {
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

  /** How often a message was backed out on its own account, or by other processes. */
  ownBackouts({ messageId, backoutCount }: IncomingMessage): number {
    return Math.max(0, backoutCount - (this.#counts.get(messageId) ?? 0));
  }
}
