import { Logger } from '@nestjs/common';
import type { DataSource, EntityManager } from 'typeorm';
import { SYSTEM_CLOCK, type Clock } from '../time/clock.js';

/** Something that is kept for a time only. */
export interface Prunable {
  /** Its name, in the table `pruning` and the log. */
  readonly subject: string;
  /** Deletes up to `limit` rows whose time is over, and returns how many. */
  readonly prune: (manager: EntityManager, limit: number) => Promise<number>;
}

/** Milliseconds after the start, and between checks for whether something is to be pruned. */
const CHECK_MS = 60_000;
const FIRST_CHECK_MS = 5_000;
/** Hours between two prunings of a subject. */
const INTERVAL_HOURS = 1;
/** Rows of one transaction, and how many of these one check takes at the most. */
const BATCH = 5_000;
const BATCHES = 20;

/**
 * Prunes what is kept for a time only, about once an hour, in bounded batches. The database knows when that was last done:
 * it takes no process that lives for an hour, and of several processes one does it. What is left of a large backlog is
 * pruned at the next check.
 */
export class Pruner {
  readonly #logger = new Logger('Pruning');
  readonly #subjects: Prunable[] = [];
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock = SYSTEM_CLOCK,
  ) {}

  add(subject: Prunable): void {
    this.#subjects.push(subject);
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when the batch in flight is committed. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    await this.clock.sleep(FIRST_CHECK_MS, signal);
    while (!signal.aborted) {
      for (const subject of this.#subjects) {
        if (signal.aborted) return;
        try {
          await this.#pruneWhenDue(subject);
        } catch (error) {
          this.#logger.warn(`${subject.subject} is pruned later: ${(error as Error).message}`);
        }
      }
      await this.clock.sleep(CHECK_MS, signal);
    }
  }

  async #pruneWhenDue(subject: Prunable): Promise<void> {
    let pruned = 0;
    for (let batch = 0; batch < BATCHES && !this.#stopping.signal.aborted; batch++) {
      const count = await this.dataSource.transaction((manager) => pruneBatch(manager, subject, batch > 0));
      pruned += count;
      if (count < BATCH) break;
    }
    if (pruned > 0) this.#logger.log(`${subject.subject}: pruned ${pruned} rows`);
  }
}

/**
 * Deletes one batch where the subject is due, or more of it is known to be. That it is done is written down with the batch
 * which leaves nothing; who comes meanwhile does nothing.
 */
async function pruneBatch(
  manager: EntityManager,
  { subject, prune }: Prunable,
  more: boolean,
): Promise<number> {
  await manager.query(
    `INSERT INTO pruning (subject, pruned_at) VALUES ($1, '-infinity') ON CONFLICT (subject) DO NOTHING`,
    [subject],
  );
  const due: unknown[] = await manager.query(
    `SELECT subject FROM pruning WHERE subject = $1 AND ($3::boolean OR pruned_at < now() - make_interval(hours => $2))
     FOR UPDATE SKIP LOCKED`,
    [subject, INTERVAL_HOURS, more],
  );
  if (due.length === 0) return 0;
  const count = await prune(manager, BATCH);
  if (count < BATCH)
    await manager.query('UPDATE pruning SET pruned_at = now() WHERE subject = $1', [subject]);
  return count;
}
