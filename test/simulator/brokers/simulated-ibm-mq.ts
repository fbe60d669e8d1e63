import type { Publisher } from '@orderbridge/messaging';
import type { Faults } from '../faults.js';
import type { Random } from '../schedule/random.js';
import type { Process } from '../schedule/scheduler.js';
import type { BusMessage, Wiretap } from './bus-message.js';
import type { CutOffs } from './cut-offs.js';
import { asBusMessage } from './simulated-kafka.js';

export interface QueuedMessage {
  readonly message: BusMessage;
  readonly messageId: string;
  backouts: number;
  /** The process that took it and has not committed. */
  takenBy?: Process;
}

/** BOTHRESH, as in deploy/ibm-mq/orderbridge.mqsc. */
const BACKOUT_THRESHOLD = 5;

/** One IBM MQ queue with its backout queue: units of work that a crash backs out. */
export class SimulatedQueue {
  readonly messages: QueuedMessage[] = [];
  readonly backoutQueue: QueuedMessage[] = [];
  readonly #waiting: (() => void)[] = [];
  #lastId = 0;

  constructor(
    readonly name: string,
    private readonly random: Random,
    private readonly faults: Faults,
    private readonly tap: Wiretap,
    private readonly cutOffs: CutOffs,
  ) {}

  put(message: BusMessage): void {
    this.tap(this.name, message);
    this.messages.push({ message, messageId: `${++this.#lastId}`, backouts: 0 });
    this.#wake();
  }

  /** Takes up to `limit` messages in a unit of work of the process; moves those away that were backed out too often. */
  take(process: Process, limit: number): QueuedMessage[] {
    const taken: QueuedMessage[] = [];
    for (const queued of [...this.messages]) {
      if (taken.length === limit) break;
      if (queued.takenBy) continue;
      if (queued.backouts >= BACKOUT_THRESHOLD) {
        this.moveToBackoutQueue(queued);
        continue;
      }
      queued.takenBy = process;
      taken.push(queued);
    }
    return taken;
  }

  /** MQCMIT of what was taken. */
  remove(taken: readonly QueuedMessage[]): void {
    for (const queued of taken) {
      const index = this.messages.indexOf(queued);
      if (index >= 0) this.messages.splice(index, 1);
    }
  }

  moveToBackoutQueue(queued: QueuedMessage): void {
    this.remove([queued]);
    this.backoutQueue.push({ message: queued.message, messageId: queued.messageId, backouts: 0 });
  }

  /** What any program can do: moves a message from the backout queue back to its queue. */
  moveBack(queued: QueuedMessage, message = queued.message): void {
    this.backoutQueue.splice(this.backoutQueue.indexOf(queued), 1);
    this.messages.push({ message, messageId: queued.messageId, backouts: 0 });
    this.#wake();
  }

  /** Resolves when there may be something to take. */
  async available(process: Process): Promise<void> {
    while (!this.messages.some(({ takenBy }) => !takenBy))
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    await process.step(`gets from ${this.name}`);
  }

  /** The unit of work of a process that has died is backed out; what is given back in good order does not count. */
  backOut(process: Process): void {
    for (const queued of this.messages) {
      if (queued.takenBy !== process) continue;
      delete queued.takenBy;
      if (!process.isStopping) queued.backouts++;
    }
    this.#wake();
  }

  publisher(process: Process): Publisher {
    return {
      broker: 'ibm-mq',
      publish: async (messages) => {
        await process.step(`puts ${messages.length} to IBM MQ`);
        if (this.cutOffs.isCut(process, 'ibm-mq')) throw new Error('simulated: IBM MQ is out of reach');
        const fails = this.faults.happens('publish');
        // One unit of work: all or nothing, but whether is not known when the connection is lost.
        if (!fails || this.random.chance(0.5))
          for (const message of messages) this.put(asBusMessage(message));
        if (fails) throw new Error('simulated: the queue manager is away');
      },
    };
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
