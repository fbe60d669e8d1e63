import { setTimeout as sleep } from 'node:timers/promises';
import { PeriodicTask } from '@orderbridge/service';
import type { Reconciliation } from './reconciliation.js';

/** Milliseconds between looks for a run that was started by another process, and between two pages of a run. */
const IDLE_MS = 1_000;
const PACE_MS = 100;
/** Milliseconds between looks for whether a run is due. */
const DUE_MS = 30_000;

/** Works off the run in progress, and starts one when it is due. */
export class ReconciliationTask extends PeriodicTask {
  #nextLook = 0;

  /** @param intervalSeconds from the start of one run to that of the next; 0 for never. */
  constructor(
    private readonly reconciliation: Reconciliation,
    private readonly intervalSeconds: number,
  ) {
    super(IDLE_MS);
  }

  protected async run(): Promise<boolean> {
    if (this.intervalSeconds > 0 && performance.now() >= this.#nextLook) {
      this.#nextLook = performance.now() + DUE_MS;
      await this.reconciliation.startAfter(this.intervalSeconds);
    }
    const more = await this.reconciliation.step();
    // Leaves most of the database to those who order.
    if (more) await sleep(PACE_MS);
    return more;
  }
}
