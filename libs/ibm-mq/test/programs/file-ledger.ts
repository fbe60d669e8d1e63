import { readFileSync, writeFileSync } from 'node:fs';
import {
  deliveriesAgainst,
  type BackoutLedger,
  type DeliveredMessage,
  type RecordedDeliveries,
} from '../../src/index.js';

/** A ledger that outlives its processes, of which only one may run at a time. Missing its file, it is unavailable. */
export class FileLedger implements BackoutLedger {
  constructor(private readonly path: string) {}

  async begin({ messageId, backoutCount }: DeliveredMessage): Promise<number> {
    const before = this.#of(messageId);
    this.#set(messageId, { ...before, begun: before.begun + 1 });
    return deliveriesAgainst(before, backoutCount);
  }

  async excuse(messages: readonly DeliveredMessage[], isBegun: boolean): Promise<void> {
    for (const { messageId } of messages) {
      const { begun, excused } = this.#of(messageId);
      this.#set(messageId, { begun: Math.max(0, begun - (isBegun ? 1 : 0)), excused: excused + 1 });
    }
  }

  async settle(messages: readonly DeliveredMessage[]): Promise<void> {
    for (const { messageId } of messages) this.#set(messageId, undefined);
  }

  #of(messageId: string): RecordedDeliveries {
    return this.#read()[messageId] ?? { begun: 0, excused: 0 };
  }

  #read(): Record<string, RecordedDeliveries> {
    return JSON.parse(readFileSync(this.path, 'utf8')) as Record<string, RecordedDeliveries>;
  }

  #set(messageId: string, recorded: RecordedDeliveries | undefined): void {
    writeFileSync(this.path, JSON.stringify({ ...this.#read(), [messageId]: recorded }));
  }
}
