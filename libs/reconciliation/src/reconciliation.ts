import { Logger } from '@nestjs/common';
import { backoffDelay, isTransient, type UnitsOfWork } from '@orderbridge/messaging';
import type { Counts, Listing, ListingPage } from './listing.js';
import type { DuePage, Position, Report, ReconciliationRepository } from './reconciliation.repository.js';

/** Days that are compared unless all is asked for. */
const WINDOW_DAYS = 90;
/** Milliseconds for which a page belongs to the process that has taken it; longer than any partner may take. */
const LEASE_MS = 60_000;
/** Milliseconds until a page that failed is tried again. */
const BACKOFF = { initial: 1_000, max: 300_000 };
const MAX_ERROR_LENGTH = 500;

/** Another process has compared the page. */
class SupersededError extends Error {}

/**
 * Compares a service with its partners' lists, or with the orders, page by page. One run at a time, whatever the number
 * of replicas; it goes on where it was after a crash, each page counts once, and a page that cannot be had is tried
 * again until it can.
 */
export class Reconciliation {
  readonly #logger = new Logger('Reconciliation');

  constructor(
    private readonly repository: ReconciliationRepository,
    private readonly unitsOfWork: UnitsOfWork,
    private readonly listings: readonly Listing[],
  ) {}

  /** Starts a run unless one is in progress; resolves with whether it did, and the run's report. */
  async start(all: boolean): Promise<{ readonly started: boolean; readonly report: Report }> {
    const started = await this.repository.start(this.#first(), all ? null : WINDOW_DAYS);
    return { started, report: await this.repository.report() };
  }

  /** Starts a run when the last one, or the database, is older than so many seconds. */
  startAfter(intervalSeconds: number): Promise<boolean> {
    return this.repository.start(this.#first(), WINDOW_DAYS, intervalSeconds);
  }

  report(): Promise<Report> {
    return this.repository.report();
  }

  /** Compares the next page of the run in progress; resolves with whether there was one. */
  async step(): Promise<boolean> {
    const due = await this.repository.take(LEASE_MS);
    if (!due) return false;
    try {
      const listing = this.listings.find(({ name }) => name === due.listing);
      if (!listing) throw new Error(`There is no listing ${due.listing}.`);
      const page = await listing.page(due.cursor ?? undefined, { since: due.since ?? undefined });
      const next = this.#after(due, page);
      await this.#compare(due, listing, page, next);
    } catch (error) {
      if (error instanceof SupersededError) return true;
      const { message } = error as Error;
      const delayMs = backoffDelay(due.failures + 1, BACKOFF);
      this.#logger.warn(`${due.listing} could not be compared; tried again in ${delayMs} ms: ${message}`);
      await this.repository.fail(due, delayMs, message.slice(0, MAX_ERROR_LENGTH));
    }
    return true;
  }

  async #compare(
    due: DuePage,
    listing: Listing,
    { entries }: ListingPage<unknown>,
    next: Pick<Position, 'listing' | 'cursor'> | undefined,
  ): Promise<void> {
    const advance = (
      comparing: (unit: Parameters<Parameters<UnitsOfWork['run']>[0]>[0]) => Promise<Counts>,
    ) =>
      this.unitsOfWork.run(async (unit) => {
        const counts = await comparing(unit);
        if (!(await this.repository.advance(unit.manager, due, next, counts))) throw new SupersededError();
      });
    try {
      await advance((unit) => listing.compare(unit, entries));
    } catch (error) {
      if (error instanceof SupersededError || isTransient(error) || entries.length === 0) throw error;
      // Something of the page is wrong: all else of it is compared.
      const counts = await this.#compareEach(listing, entries);
      await advance(() => Promise.resolve(counts));
    }
  }

  async #compareEach(listing: Listing, entries: readonly unknown[]): Promise<Counts> {
    const counts: Record<string, number> = {};
    const add = (more: Counts): void => {
      for (const [name, count] of Object.entries(more)) counts[name] = (counts[name] ?? 0) + count;
    };
    for (const entry of entries) {
      try {
        add(await this.unitsOfWork.run((unit) => listing.compare(unit, [entry])));
      } catch (error) {
        if (isTransient(error)) throw error;
        this.#logger.error({ err: error, message: `An entry of ${listing.name} could not be compared` });
        add({ failed: 1 });
      }
    }
    return counts;
  }

  #first(): string {
    const [first] = this.listings;
    if (!first) throw new Error('There is nothing to reconcile.');
    return first.name;
  }

  #after({ listing, cursor }: Position, { nextCursor }: ListingPage<unknown>) {
    if (nextCursor !== undefined && nextCursor !== cursor) return { listing, cursor: nextCursor };
    const next = this.listings[this.listings.findIndex(({ name }) => name === listing) + 1];
    return next && { listing: next.name, cursor: null };
  }
}
