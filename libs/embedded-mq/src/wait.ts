import type { Queue, Waiter } from './queue.js';

/** An outstanding request for a message, on one queue or several. */
export class Wait {
  private readonly waiting: [Queue, Waiter][] = [];
  private readonly timers: NodeJS.Timeout[] = [];
  private cancelled: ((reason: number) => void) | undefined;

  /**
   * @param limit ms after which `expired` is called; undefined for never
   */
  add(queue: Queue, waiter: Waiter, limit: number | undefined, expired: () => void): void {
    this.waiting.push([queue, waiter]);
    queue.wait(waiter);
    if (limit !== undefined) this.timers.push(setTimeout(expired, limit));
  }

  onCancel(cancelled: (reason: number) => void): void {
    this.cancelled = cancelled;
  }

  cancel(reason: number): void {
    this.cancelled?.(reason);
  }

  /** Stops waiting on all queues. */
  end(): void {
    this.cancelled = undefined;
    for (const [queue, waiter] of this.waiting) queue.stopWaiting(waiter);
    for (const timer of this.timers) clearTimeout(timer);
  }
}
