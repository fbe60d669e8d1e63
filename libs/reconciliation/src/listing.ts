import type { UnitOfWork } from '@orderbridge/messaging';

/** How often what was found or done, by what; e.g. `{ compared: 200, missing: 1 }`. */
export type Counts = Readonly<Record<string, number>>;

/** What a run is about. */
export interface Scope {
  /** Entries from this moment on; undefined for all there are. */
  readonly since: Date | undefined;
}

/** A page of a listing. Without a next cursor it is the last one; a page may be empty and not the last. */
export interface ListingPage<Entry> {
  readonly entries: readonly Entry[];
  readonly nextCursor: string | undefined;
}

/**
 * What a reconciliation compares, page by page: a partner's list, or the rows of a service. A cursor is text that only
 * the listing understands; it has to stay good across restarts.
 */
export interface Listing<Entry = unknown> {
  /** Unique in its service. */
  readonly name: string;

  /** The page after a cursor, or the first. Called outside of transactions, perhaps twice for the same page. */
  page(cursor: string | undefined, scope: Scope): Promise<ListingPage<Entry>>;

  /**
   * Compares entries with what the service has, and repairs, or requests the orders' states, in the unit of work, which
   * commits together with the cursor. When it throws for a page, each entry is compared alone in a transaction of its own.
   */
  compare(unit: UnitOfWork, entries: readonly Entry[]): Promise<Counts>;
}
