import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';

/**
 * Something an application does again and again for as long as it runs. What fails is logged and done again after the
 * interval.
 */
export abstract class PeriodicTask implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger: Logger;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  /** `interval` in milliseconds, from the end of one run to the start of the next. */
  protected constructor(private readonly interval: number) {
    this.#logger = new Logger(new.target.name);
  }

  /** Resolves with whether there is more to do at once. */
  protected abstract run(): Promise<boolean>;

  onApplicationBootstrap(): void {
    this.#running = this.#repeat();
  }

  /** Resolves when the run in hand has ended. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #repeat(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let more = false;
      try {
        more = await this.run();
      } catch (error) {
        this.#logger.warn(`It is tried again in ${this.interval} ms: ${(error as Error).message}`);
      }
      if (!more) await sleep(this.interval, undefined, { signal }).catch(() => undefined);
    }
  }
}
