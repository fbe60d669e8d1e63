import { setTimeout as sleep } from 'node:timers/promises';
import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { WatchDeadlines } from './watch-deadlines.js';

/** Milliseconds between looks. */
const INTERVAL = 1_000;

/** Looks at the deadlines of orders for as long as the service runs. Several replicas share the work. */
@Injectable()
export class DeadlineWatcher implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger(DeadlineWatcher.name);
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(private readonly deadlines: WatchDeadlines) {}

  onApplicationBootstrap(): void {
    this.#running = this.#run();
  }

  /** Resolves when the look in hand has ended. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let more = false;
      try {
        more = await this.deadlines.look();
      } catch (error) {
        this.#logger.warn({ err: error, message: 'Deadlines could not be looked at; they are again soon' });
      }
      if (!more) await sleep(INTERVAL, undefined, { signal }).catch(() => undefined);
    }
  }
}
