import type { Attributes } from './attributes.js';
import { MessageStore, type StoreOptions } from './message-store.js';
import { type CommandTarget, type MqscResult, runMqsc } from './mqsc-commands.js';
import { NONE, State } from './message-index.js';
import { ObjectType, Reason } from './mqi-constants.js';
import { MqiError } from './mqi-error.js';
import { Objects, type QueueDefinition } from './objects.js';
import { Queue } from './queue.js';

const EXPIRY_SWEEP_MS = 60_000;

/** Where a queue name leads. */
export interface ResolvedQueue {
  queue: Queue;
  /** The definition that was named: the queue's own, or an alias. */
  named: QueueDefinition;
}

/** Objects, messages and their rules; knows nothing of connections. */
export class QueueManager implements CommandTarget {
  private readonly queues = new Map<number, Queue>();
  private readonly byName = new Map<string, Queue>();
  private sweep: NodeJS.Timeout | undefined;

  private constructor(
    readonly name: string,
    readonly objects: Objects,
    readonly store: MessageStore,
  ) {}

  /**
   * Recovers a data folder, then carries out MQSC commands.
   *
   * @param report is told of problems that fail no verb
   */
  static open(
    name: string,
    folder: string,
    options: StoreOptions,
    mqsc: string,
    report: (problem: string) => void,
  ): { queueManager: QueueManager; commands: MqscResult } {
    const objects = Objects.load(folder);
    const { store, rows } = MessageStore.open(folder, options, report);
    const queueManager = new QueueManager(name, objects, store);
    queueManager.linkRecovered(rows);
    const commands = queueManager.run(mqsc);
    queueManager.sweep = setInterval(() => queueManager.removeExpired(), EXPIRY_SWEEP_MS).unref();
    return { queueManager, commands };
  }

  /** Carries out MQSC commands; open handles and waiting gets notice changed attributes. */
  run(mqsc: string): MqscResult {
    const result = runMqsc(mqsc, this.objects, this);
    this.createQueues();
    this.objects.save();
    for (const queue of this.queues.values()) queue.wake();
    return result;
  }

  /** Brings the queues in line with what is defined. */
  private createQueues(): void {
    const defined = new Set<number>();
    for (const definition of this.objects.all()) {
      if (definition.type !== 'QLOCAL') continue;
      defined.add(definition.id);
      if (!this.queues.has(definition.id)) this.createQueue(definition);
    }
    for (const queue of this.queues.values()) {
      if (defined.has(queue.id)) continue;
      this.queues.delete(queue.id);
      if (this.byName.get(queue.name) === queue) this.byName.delete(queue.name);
    }
  }

  private createQueue(definition: QueueDefinition): void {
    const { name, id, attributes, created } = definition;
    const queue = new Queue(name, id, attributes, created, this.store.index);
    this.queues.set(id, queue);
    this.byName.set(name, queue);
  }

  private linkRecovered(rows: Int32Array): void {
    this.createQueues();
    for (const row of rows) {
      const queue = this.queues.get(this.store.index.queue[row]!);
      if (queue) {
        queue.link(row);
        queue.depth++;
      } else {
        this.store.release(row); // its queue was deleted
      }
    }
  }

  /** Attributes of ALTER QMGR. */
  get attributes(): Attributes {
    return this.objects.queueManager;
  }

  get localQueues(): Iterable<Queue> {
    return this.byName.values();
  }

  /** Any queue, by its name. */
  findQueue(name: string): Queue | undefined {
    return this.byName.get(name);
  }

  /** The queue that a message is on. */
  readonly queueOf = (row: number): Queue => this.queues.get(this.store.index.queue[row]!)!;

  /**
   * Finds the queue that MQOPEN or MQPUT1 names, through an alias if need be.
   *
   * @throws MqiError
   */
  resolve(type: number, name: string, queueManagerName: string): ResolvedQueue {
    if (type !== ObjectType.Q) throw new MqiError(this.typeRefusal(type));
    if (queueManagerName !== '' && queueManagerName !== this.name)
      throw new MqiError(Reason.UNKNOWN_REMOTE_Q_MGR);
    const named = this.objects.queue(name);
    if (!named) throw new MqiError(Reason.UNKNOWN_OBJECT_NAME);
    if (named.type === 'QLOCAL') return { queue: this.byName.get(name)!, named };
    const base = this.objects.queue(named.attributes.TARGET as string);
    if (!base) throw new MqiError(Reason.UNKNOWN_ALIAS_BASE_Q);
    if (base.type !== 'QLOCAL') throw new MqiError(Reason.ALIAS_BASE_Q_TYPE_ERROR);
    return { queue: this.byName.get(base.name)!, named };
  }

  /** Topics, processes and the like are objects of IBM MQ, but not of this queue manager. */
  private typeRefusal(type: number): number {
    return type >= 2 && type <= 8 ? Reason.FUNCTION_NOT_SUPPORTED : Reason.OBJECT_TYPE_ERROR;
  }

  /** Whether a message has expired; if so it is gone. */
  expire(row: number): boolean {
    const { index } = this.store;
    const expiry = index.expiry[row]!;
    if (expiry === 0 || expiry > Date.now()) return false;
    const queue = this.queueOf(row);
    queue.unlink(row, State.LEAVING);
    queue.depth--;
    if (index.persistent[row] === 1) this.store.expired(row);
    this.store.release(row);
    return true;
  }

  private removeExpired(): void {
    const { index } = this.store;
    for (let row = 0; row < index.end; row++) if (index.state[row] === State.AVAILABLE) this.expire(row);
  }

  clear(definition: QueueDefinition): boolean {
    const queue = this.byName.get(definition.name);
    if (!queue) return true;
    if (queue.uncommitted > 0 || queue.openForInput > 0 || queue.openForOutput > 0) return false;
    for (let row = queue.first(() => true); row !== NONE; row = queue.first(() => true)) {
      queue.unlink(row, State.LEAVING);
      queue.depth--;
      if (this.store.index.persistent[row] === 1) this.store.expired(row);
      this.store.release(row);
    }
    return true;
  }

  async close(): Promise<void> {
    clearInterval(this.sweep);
    await this.store.close();
  }
}
