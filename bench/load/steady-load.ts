import { setTimeout as sleep } from 'node:timers/promises';
import { drained } from './closed-loop.js';
import type { Orders } from './orders.js';

/** Places orders at a fixed rate until it is stopped, whatever happens to those before. */
export class SteadyLoad {
  readonly #orders: Orders;
  readonly #rate: number;
  readonly #placing = new Set<Promise<void>>();
  readonly #running: Promise<void>;
  #latencies: number[] = [];
  #stopped = false;
  #failure: unknown;

  constructor(orders: Orders, rate: number) {
    this.#orders = orders;
    this.#rate = rate;
    this.#running = this.#run();
  }

  /** Orders that are accepted and have not ended. */
  get underWay(): number {
    return this.#orders.accepted.size - this.#orders.finished;
  }

  /** Milliseconds from the time an order was due to the answer of POST /orders, of the answers since the last call. */
  takeLatencies(): number[] {
    if (this.#failure) throw this.#failure as Error;
    const latencies = this.#latencies;
    this.#latencies = [];
    return latencies;
  }

  /** Resolves when every order has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await Promise.all(this.#placing);
    if (this.#failure) throw this.#failure as Error;
    await drained(this.#orders);
  }

  async #run(): Promise<void> {
    const begun = performance.now();
    for (let n = 0; !this.#stopped; n++) {
      const due = begun + (n * 1_000) / this.#rate;
      const wait = due - performance.now();
      if (wait > 0) await sleep(wait);
      this.#place(due);
    }
  }

  #place(due: number): void {
    const placed = this.#orders
      .place()
      .then(
        () => void this.#latencies.push(performance.now() - due),
        (error: unknown) => {
          this.#failure ??= error;
        },
      )
      .finally(() => this.#placing.delete(placed));
    this.#placing.add(placed);
  }
}
