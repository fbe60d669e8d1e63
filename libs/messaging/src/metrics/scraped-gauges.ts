import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { Gauge } from 'prom-client';

export interface Sample<Name extends string, Label extends string> {
  readonly labels: Readonly<Partial<Record<Label, string>>>;
  readonly values: Readonly<Partial<Record<Name, number>>>;
}

type Source<Name extends string, Label extends string> = () => Promise<readonly Sample<Name, Label>[]>;

/** Milliseconds after which a scrape goes on without an answer. */
const TIMEOUT = 2_000;

/** When each question was last answered or, where it was not yet, first asked; by the clock of `performance`. */
const answeredAt = new Map<string, { readonly labels: { gauge: string; source: string }; at: number }>();
const age = new Gauge({
  name: 'scraped_gauges_age_seconds',
  help: 'Seconds since a question for the gauge, and those that come with it, was answered; they keep that answer',
  labelNames: ['gauge', 'source'],
  collect: () => {
    for (const { labels, at } of answeredAt.values()) age.set(labels, (performance.now() - at) / 1_000);
  },
});

/**
 * Gauges whose values are asked for at each scrape, all with one question. While what is asked does not answer they keep
 * the values of the last answer, so that no alarm ends because of that; `scraped_gauges_age_seconds` says how old these
 * are. A scrape neither fails nor takes longer than two seconds; one question at a time is in flight.
 */
export class ScrapedGauges<Name extends string, Label extends string> {
  readonly #logger = new Logger('Metrics');
  readonly #gauges: ReadonlyMap<string, Gauge>;
  readonly #sources = new Map<string, Source<Name, Label>>();
  readonly #asking = new Map<string, Promise<readonly Sample<Name, Label>[]>>();
  readonly #answers = new Map<string, readonly Sample<Name, Label>[]>();
  #refreshing: Promise<void> | undefined;

  /** @param help by the gauges' names. */
  constructor(help: Readonly<Record<Name, string>>, labelNames: readonly Label[]) {
    this.#gauges = new Map(
      Object.entries<string>(help).map(([name, text]) => [
        name,
        new Gauge({ name, help: text, labelNames: [...labelNames], collect: () => this.#refresh() }),
      ]),
    );
  }

  /** Lets each scrape ask; whoever was asked under the same key is no longer asked, and its answer forgotten. */
  ask(key: string, source: Source<Name, Label>): void {
    this.#sources.set(key, source);
    this.#asking.delete(key);
    this.#answers.delete(key);
    this.#answered(key);
  }

  #answered(key: string): void {
    const [gauge = ''] = this.#gauges.keys();
    answeredAt.set(`${gauge} ${key}`, { labels: { gauge, source: key }, at: performance.now() });
  }

  /** Each gauge of a scrape calls this; the first of them asks for all. */
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#read().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #read(): Promise<void> {
    const answers = await Promise.all([...this.#sources.keys()].map((key) => this.#answer(key)));
    for (const gauge of this.#gauges.values()) gauge.reset();
    for (const { labels, values } of answers.flat()) {
      for (const [name, value] of Object.entries<number | undefined>(values)) {
        if (value !== undefined) this.#gauges.get(name)?.set({ ...labels }, value);
      }
    }
  }

  async #answer(key: string): Promise<readonly Sample<Name, Label>[]> {
    const timer = new AbortController();
    try {
      const answer = await Promise.race([
        this.#ask(key),
        sleep(TIMEOUT, undefined, { signal: timer.signal, ref: false }).then(() => {
          throw new Error(`No answer within ${TIMEOUT} ms.`);
        }),
      ]);
      this.#answers.set(key, answer);
      this.#answered(key);
      return answer;
    } catch (error) {
      this.#logger.debug(`${[...this.#gauges.keys()].join(', ')}: ${(error as Error).message}`);
      return this.#answers.get(key) ?? [];
    } finally {
      timer.abort();
    }
  }

  /** A question that got no answer in time is still under way at the next scrape. */
  #ask(key: string): Promise<readonly Sample<Name, Label>[]> {
    let asking = this.#asking.get(key);
    if (!asking) {
      const source = this.#sources.get(key) as Source<Name, Label>;
      const begun = source().finally(() => {
        if (this.#asking.get(key) === begun) this.#asking.delete(key);
      });
      asking = begun;
      this.#asking.set(key, asking);
    }
    return asking;
  }
}
