import { setTimeout as sleep } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { QueueOperator, type IncomingMessage } from '@orderbridge/ibm-mq';
import { UnitsOfWork, type HeaderValue } from '@orderbridge/messaging';
import { DESK_CONFIG, type DeskConfig } from '../desk-environment.js';
import { factsOf, plain } from '../domain/dead-letter-message.js';
import { whenSeen } from '../domain/letter.js';
import { DESK } from '../storage/audit-entry.entity.js';
import type { NewLetter } from '../storage/letter.entity.js';
import { LetterRepository } from '../storage/letter.repository.js';
import { QueueRefusedError, SettleOnQueue } from '../settle-on-queue/settle-on-queue.js';
import { IndexLetters } from './index-letters.js';
import { contentOfMessage, idOf } from './message-letter-id.js';

/** Letters that are taken into the index at once. */
const CHUNK = 100;
/**
 * Milliseconds between two looks for each letter that lies there: with many, the desk is not to look all the time. How long
 * a look took does not count, since it may have waited for the queue manager.
 */
const REST = 2;

/**
 * Looks at the backout queues from time to time, and leaves everything there: takes what is new into the index, notices
 * what somebody else has moved or removed, and finishes what the desk had begun.
 */
@Injectable()
export class IbmMqLetters implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger(IbmMqLetters.name);
  readonly #stopping = new AbortController();
  /** Letters that the last look did not find: a message that is just being backed out can be missed once. */
  readonly #missed = new Map<string, ReadonlySet<string>>();
  #running: Promise<void> = Promise.resolve();

  constructor(
    private readonly queues: QueueOperator,
    private readonly index: IndexLetters,
    private readonly letters: LetterRepository,
    private readonly unitsOfWork: UnitsOfWork,
    private readonly settle: SettleOnQueue,
    @Inject(DESK_CONFIG) private readonly config: DeskConfig,
  ) {}

  onApplicationBootstrap(): void {
    this.#running = this.#run();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let lying = 0;
      for (const queue of this.config.IBM_MQ_QUEUES) {
        try {
          lying += await this.look(queue);
        } catch (error) {
          if (!signal.aborted) this.#logger.warn(`${queue} is looked at later: ${(error as Error).message}`);
        }
      }
      const rest = Math.max(this.config.SCAN_INTERVAL_MS, REST * lying);
      // Being woken by the stop is no error.
      await sleep(rest, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Looks at the backout queue of a queue once; resolves with how many letters lie there. */
  async look(queue: string): Promise<number> {
    const source = await this.queues.backoutQueueOf(queue);
    if (source === '') return 0;
    const began = await this.letters.now();
    const seen: string[] = [];
    let chunk: NewLetter[] = [];
    await this.queues.browse(source, async (message) => {
      if (chunk.push(letterOf(message, queue)) < CHUNK) return;
      seen.push(...(await this.index.add(chunk)));
      chunk = [];
    });
    seen.push(...(await this.index.add(chunk)));
    await this.#reconcile(source, began, seen);
    return seen.length;
  }

  async #reconcile(source: string, began: Date, seen: readonly string[]): Promise<void> {
    const there = new Set(seen);
    const before = this.#missed.get(source) ?? new Set();
    const missed = new Set<string>();
    for (const { id, state } of await this.letters.unsettled(source, began, seen)) {
      const next = whenSeen(state, there.has(id));
      if (next === 'GONE' && !before.has(id)) missed.add(id);
      else if (next !== state) await this.#correct(id, state, next);
      if (next === 'REDRIVING' || next === 'DISCARDING') await this.#finish(id);
    }
    this.#missed.set(source, missed);
  }

  /** A letter that its queue does not take is open again, and holds up no other. */
  async #finish(id: string): Promise<void> {
    try {
      await this.settle.finish(id);
    } catch (error) {
      if (!(error instanceof QueueRefusedError)) throw error;
      this.#logger.warn(`${id} is open again: ${error.message}`);
    }
  }

  /** Does nothing when somebody has done something with the letter meanwhile. */
  async #correct(id: string, state: string, next: ReturnType<typeof whenSeen>): Promise<void> {
    await this.unitsOfWork.run(async ({ manager }) => {
      const letter = await this.letters.lock(manager, id);
      if (letter?.state !== state) return;
      const action = next === 'GONE' ? 'gone' : 'returned';
      await this.letters.advance(manager, id, next, { action, operator: DESK });
    });
    this.#logger.warn(`${id} was believed ${state} and is ${next}`);
  }
}

/** The letter that a message on the backout queue of a queue is. */
export function letterOf(message: IncomingMessage, queue: string): NewLetter {
  const { queue: source, messageId, body, putAt: writtenAt } = message;
  const entries = Object.entries(message.headers);
  const headers = Object.fromEntries<HeaderValue>(
    entries.map(([name, value]) => [name, Buffer.isBuffer(value) ? value : String(value ?? '')]),
  );
  const text = Object.fromEntries(entries.map(([name, value]) => [name, String(value ?? '')]));
  const facts = { headers: text, body, writtenAt };
  return {
    ...factsOf(facts),
    id: idOf(message),
    broker: 'ibm-mq',
    source,
    messageId,
    origin: queue,
    position: plain(text['dlt_message_id'] ?? messageId),
    envelope: { headers },
    key: plain(text['ce_subject'] ?? ''),
    content: contentOfMessage(message),
    body,
  };
}
