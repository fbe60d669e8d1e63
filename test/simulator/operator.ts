import { bookingRequested, chargeRequested, voidRequested } from '@orderbridge/contracts';
import { deadLetterTopic } from '@orderbridge/kafka';
import { isGarbage, type BusMessage } from './brokers/bus-message.js';
import type { World } from './world.js';

/** Types of the dead letters of parked calls that can be given up. */
const PARKED: ReadonlySet<string> = new Set([
  bookingRequested.type,
  chargeRequested.type,
  voidRequested.type,
]);

/** Looks after the dead letters of both brokers: sends them again, and discards what was never a message. */
export class Operator {
  readonly #settled = new Set<BusMessage>();

  constructor(private readonly world: World) {}

  /** Whether no dead letter waits for somebody. */
  get isIdle(): boolean {
    return this.#waiting().length === 0 && this.world.queue.backoutQueue.length === 0;
  }

  /** Sends one again, maybe one that was sent again before. */
  redriveOne(): void {
    const { random, queue } = this.world;
    const [backedOut] = queue.backoutQueue;
    if (backedOut && random.chance(0.5)) this.#moveBack(backedOut);
    const deadLetters = this.#all().filter((message) => !isGarbage(message));
    if (deadLetters.length > 0) this.#redrive(random.pick(deadLetters));
  }

  /** Looks through all that wait. */
  redriveAll(): void {
    for (const message of this.#waiting()) {
      if (isGarbage(message)) this.#settled.add(message);
      else this.#redrive(message);
    }
    for (const queued of [...this.world.queue.backoutQueue]) this.#moveBack(queued);
  }

  #moveBack(queued: World['queue']['backoutQueue'][number]): void {
    const { queue } = this.world;
    if (isGarbage(queued.message)) queue.backoutQueue.splice(queue.backoutQueue.indexOf(queued), 1);
    else queue.moveBack(queued, this.#again(queued.message));
  }

  #redrive(message: BusMessage): void {
    const { kafka, scheduler, names, redriven } = this.world;
    this.#settled.add(message);
    redriven.add(message.headers['ce_id'] as string);
    const topic = message.headers['dlt_topic'] as string;
    scheduler.trace.add('operator', `sends ${message.headers['ce_type']} ${names.of(message.key)} again`);
    kafka.append(topic, this.#again(message));
  }

  /** The message as it first came. */
  #again({ key, headers, body }: BusMessage): BusMessage {
    const original = Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('dlt_')));
    const decided = PARKED.has(headers['ce_type'] ?? '') ? this.#decide(body) : body;
    return this.world.part('redriven', { key, headers: original, body: decided });
  }

  /** A parked call is retried, or given up. */
  #decide(body: Buffer): Buffer {
    const decision = this.world.random.chance(0.5) ? 'give-up' : 'retry';
    return Buffer.from(JSON.stringify({ ...(JSON.parse(body.toString()) as object), decision }));
  }

  #waiting(): BusMessage[] {
    return this.#all().filter((message) => !this.#settled.has(message));
  }

  #all(): BusMessage[] {
    const { kafka } = this.world;
    return [...kafka.groups].flatMap(([group, { topics }]) =>
      topics.flatMap((topic) => kafka.all(deadLetterTopic(topic, group))),
    );
  }
}
