import { mkdtempSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Program } from './program.js';
import type { Consuming } from './programs/consumer.js';
import type { MqiClient } from './programs/mqi-client.js';
import type { Producer } from './programs/producer.js';
import type { Methods } from './programs/serve.js';
import { MQSC } from './queue.js';
import { QueueManagerProcess } from './queue-manager-process.js';

/** Seconds without a commit after which messages count as lost. */
const PATIENCE = 20;

/** A queue manager on a folder of its own, and the programs that use it. */
export class Rig {
  readonly folder = mkdtempSync(join(tmpdir(), 'bench-ibm-mq-'));
  readonly #programs: { stop(): Promise<void> }[] = [];
  #removing = false;
  #queueManager: QueueManagerProcess | undefined;

  /** @throws Error with what the queue manager says, when it does not start */
  async start(): Promise<void> {
    await writeFile(join(this.folder, 'objects.mqsc'), MQSC);
    this.#queueManager = new QueueManagerProcess(this.folder);
    await this.#queueManager.ready();
  }

  get queueManager(): QueueManagerProcess {
    if (!this.#queueManager) throw new Error('There is no queue manager yet.');
    return this.#queueManager;
  }

  mqiClient(): Promise<Program<MqiClient>> {
    return this.#program<MqiClient>('mqi-client');
  }

  /** Connected. */
  async producer(): Promise<Program<Producer>> {
    const producer = await this.#program<Producer>('producer');
    await producer.call('connect');
    return producer;
  }

  consumer(): Promise<Program<Consuming>> {
    return this.#program<Consuming>('consumer');
  }

  /** Ends all programs and removes what they left. */
  async remove(): Promise<void> {
    this.#removing = true;
    await Promise.all(this.#programs.map((program) => program.stop()));
    await this.#queueManager?.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #program<Offered extends Methods>(name: string): Promise<Program<Offered>> {
    if (this.#removing) throw new Error('The bench was interrupted.');
    const program = new Program<Offered>(name, this.queueManager.environment);
    this.#programs.push(program);
    await program.ready();
    return program;
  }
}

/**
 * Resolves when a consumer has committed so many messages; `watch` is called at each look, ten times a second.
 *
 * @throws Error when no more come
 */
export async function drained(
  consumer: Program<Consuming>,
  messages: number,
  watch: (committed: number) => void = () => undefined,
): Promise<void> {
  let last = { committed: -1, at: performance.now() };
  for (;;) {
    const committed = await consumer.call('committed');
    watch(committed);
    if (committed >= messages) return;
    if (committed > last.committed) last = { committed, at: performance.now() };
    if (performance.now() - last.at > PATIENCE * 1_000)
      throw new Error(`Only ${committed} of ${messages} messages came.`);
    await sleep(100);
  }
}
