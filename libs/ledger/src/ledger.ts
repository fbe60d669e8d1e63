import { mkdir } from 'node:fs/promises';
import { ClassicLevel } from 'classic-level';

export interface Entry<Item> {
  readonly item: Item;
  /** False where the item was there before. */
  readonly created: boolean;
}

/**
 * A partner's own books: items by key, each written once and never lost, kept apart from the databases of the system
 * that calls the partner, so that both can be compared.
 */
export class Ledger<Item> {
  readonly #level: ClassicLevel<string, Item>;
  readonly #pending = new Map<string, Promise<Entry<Item>>>();

  private constructor(level: ClassicLevel<string, Item>) {
    this.#level = level;
  }

  /** Opens the ledger in a folder, which is made where it does not exist. One process at a time may have it open. */
  static async open<Kept>(folder: string): Promise<Ledger<Kept>> {
    await mkdir(folder, { recursive: true });
    const level = new ClassicLevel<string, Kept>(folder, {
      valueEncoding: 'json',
      cacheSize: 2 ** 20,
      writeBufferSize: 2 ** 20,
    });
    await level.open();
    return new Ledger(level);
  }

  get(key: string): Promise<Item | undefined> {
    return this.#level.get(key);
  }

  /**
   * The item under a key, made by `create` when there is none. Of calls at the same time with the same key one creates.
   * Resolves when the item is on disk.
   */
  async getOrCreate(key: string, create: () => Item): Promise<Entry<Item>> {
    const pending = this.#pending.get(key);
    if (pending) return { item: (await pending).item, created: false };
    const entry = this.#getOrCreate(key, create).finally(() => this.#pending.delete(key));
    this.#pending.set(key, entry);
    return entry;
  }

  /** Replaces an item. Resolves when the new one is on disk. */
  replace(key: string, item: Item): Promise<void> {
    return this.#level.put(key, item, { sync: true });
  }

  /** Writes an item that outlives the process, but perhaps not the machine. */
  note(key: string, item: Item): Promise<void> {
    return this.#level.put(key, item);
  }

  /** Items in the order of their keys, at most `limit`, those after the key `after` where given. */
  async page(limit: number, after?: string): Promise<[string, Item][]> {
    const entries: [string, Item][] = [];
    for await (const entry of this.#level.iterator({ limit, ...(after !== undefined && { gt: after }) })) {
      entries.push(entry);
    }
    return entries;
  }

  close(): Promise<void> {
    return this.#level.close();
  }

  async #getOrCreate(key: string, create: () => Item): Promise<Entry<Item>> {
    const existing = await this.#level.get(key);
    if (existing !== undefined) return { item: existing, created: false };
    const item = create();
    await this.#level.put(key, item, { sync: true });
    return { item, created: true };
  }
}
