import type { Connection } from './connection.js';

/** Lends connections, each to one at a time, and makes them when needed; the one used last is lent first. */
export class ConnectionPool {
  readonly #size: number;
  readonly #connect: (signal: AbortSignal) => Promise<Connection>;
  readonly #idle: Connection[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #closing = new AbortController();
  /** Connections lent or being made. */
  #busy = 0;

  constructor(size: number, connect: (signal: AbortSignal) => Promise<Connection>) {
    this.#size = size;
    this.#connect = connect;
  }

  /** A connection that is there and free. */
  acquireIdle(): Connection | undefined {
    const connection = this.#busy < this.#size ? this.#idle.pop() : undefined;
    if (connection) this.#busy++;
    return connection;
  }

  /** Waits for a connection. Rejects when the signal is aborted or the pool closed. */
  async acquire(signal: AbortSignal): Promise<Connection> {
    while (this.#busy >= this.#size) await this.#released(signal);
    const idle = this.acquireIdle();
    if (idle) return idle;
    this.#busy++;
    try {
      signal.throwIfAborted();
      this.#closing.signal.throwIfAborted();
      return await this.#connect(signal);
    } catch (error) {
      this.#returned();
      throw error;
    }
  }

  /** Gives a connection back; one that is lost is closed. */
  release(connection: Connection): void {
    if (connection.lost.aborted || this.#closing.signal.aborted) connection.close();
    else this.#idle.push(connection);
    this.#returned();
  }

  /** Waits for what is lent and disconnects all. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('The pool is closed.'));
    for (const connection of this.#idle.splice(0)) connection.close();
    while (this.#busy > 0) await this.#released();
  }

  #released(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal?.removeEventListener('abort', aborted);
        resolve();
      };
      const aborted = () => {
        this.#waiting.delete(wake);
        reject(signal?.reason as Error);
      };
      if (signal?.aborted) return aborted();
      signal?.addEventListener('abort', aborted, { once: true });
      this.#waiting.add(wake);
    });
  }

  #returned(): void {
    this.#busy--;
    // The first in line; at the end of the pool all, since each of them has to see it.
    for (const wake of this.#waiting) {
      wake();
      if (!this.#closing.signal.aborted) break;
    }
  }
}
