import type { Broker } from '@orderbridge/contracts';
import type { Process } from '../schedule/scheduler.js';

/** Processes that cannot publish to a broker which all others reach; a process that is started again reaches it. */
export class CutOffs {
  readonly #brokers = new Map<Process, Broker>();

  cut(process: Process, broker: Broker): void {
    this.#brokers.set(process, broker);
  }

  heal(process: Process): void {
    this.#brokers.delete(process);
  }

  isCut(process: Process, broker?: Broker): boolean {
    const cut = this.#brokers.get(process);
    return cut !== undefined && (broker === undefined || cut === broker);
  }
}
