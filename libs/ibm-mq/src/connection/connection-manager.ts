import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import { BehaviorSubject, distinctUntilChanged, type Observable } from 'rxjs';
import { IbmMqError, IbmMqLibraryError, IbmMqUnavailableError } from '../errors.js';
import { Selector } from '../mqi/constants.js';
import { inquireBackoutPolicy } from '../consumer/backout-policy.js';
import { loadIbmmq, type Mqi } from '../mqi/ibmmq.js';
import type { IbmMqObserver } from '../observer.js';
import { NO_TRACING, type IbmMqTracing } from '../tracing/tracing.js';
import { backoffDelay } from './backoff.js';
import { Connection } from './connection.js';
import { connectOptions } from './connect-options.js';
import { addressList, type IbmMqConnectionOptions } from './connection-options.js';
import { ConnectionPool } from './connection-pool.js';
import { Mutex } from './mutex.js';

/**
 * `connecting`: nothing has answered yet, or a connection was lost and none was made since; `draining`: closing, while
 * units of work in hand are finished.
 */
export type IbmMqStatus = 'connected' | 'connecting' | 'draining' | 'closed';

const RECONNECT = { initialDelay: 250, maxDelay: 15_000 };
const POOL_SIZE = 2;
/** Milliseconds that a health check waits for its turn on a connection. */
const CHECK_TIMEOUT = 2_000;
const USE_TIMEOUT = 30_000;

/**
 * Makes the connections to one queue manager, and makes them again: each attempt goes through the list of addresses;
 * after a failed one it waits, longer each time, for as long as it takes. MQ's own reconnection is off.
 *
 * Consumers hold a connection each; sending and asking share a small pool.
 */
export class IbmMqConnectionManager implements OnApplicationShutdown {
  readonly #options: IbmMqConnectionOptions;
  readonly #observer: IbmMqObserver;
  readonly #status = new BehaviorSubject<IbmMqStatus>('connecting');
  readonly #closing = new AbortController();
  readonly #pool: ConnectionPool;
  readonly #logger = new Logger(IbmMqConnectionManager.name);
  /** One MQCONNX at a time: each holds a thread of the few that the whole process has for files and DNS, too. */
  readonly #turn = new Mutex();
  #failures = 0;
  #notBefore = 0;
  #lastError: Error | undefined;

  constructor(
    options: IbmMqConnectionOptions,
    observer: IbmMqObserver = {},
    /** Traces what is sent and consumed on these connections. Default: nothing. */
    readonly tracing: IbmMqTracing = NO_TRACING,
  ) {
    this.#options = options;
    this.#observer = observer;
    this.#pool = new ConnectionPool(options.poolSize ?? POOL_SIZE, (signal) => this.connect(signal));
  }

  /** The manager itself, or one of our own for the options. */
  static of(connection: IbmMqConnectionOptions | IbmMqConnectionManager): {
    readonly manager: IbmMqConnectionManager;
    readonly isOwn: boolean;
  } {
    const isOwn = !(connection instanceof IbmMqConnectionManager);
    return { manager: isOwn ? new IbmMqConnectionManager(connection) : connection, isOwn };
  }

  get observer(): IbmMqObserver {
    return this.#observer;
  }

  get status(): IbmMqStatus {
    return this.#status.value;
  }

  /** The status now and whenever it changes. */
  get status$(): Observable<IbmMqStatus> {
    return this.#status.pipe(distinctUntilChanged());
  }

  /** Why the last attempt or connection failed; undefined when connected. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  isConnected(): boolean {
    return this.status === 'connected';
  }

  /**
   * Resolves when the queue manager has answered a question. While there is no connection it rejects at once, with
   * the error of the last attempt.
   */
  async check(): Promise<void> {
    await this.#ask((connection) => connection.ping());
  }

  /** How many messages are on a queue (CURDEPTH), uncommitted ones included. Rejects at once, like `check`, while there is no connection. */
  async queueDepth(queue: string): Promise<number> {
    const [depth] = await this.#ask((connection) =>
      connection.inquireQueue(queue, [Selector.CURRENT_Q_DEPTH]),
    );
    return depth as number;
  }

  /** BOQNAME of a queue, of an alias that of the queue behind it. Rejects at once, like `check`, while there is no connection. */
  async backoutQueueOf(queue: string): Promise<string | undefined> {
    const { backoutQueue } = await this.#ask((connection) => inquireBackoutPolicy(connection, queue));
    return backoutQueue === '' ? undefined : backoutQueue;
  }

  async #ask<Answer>(question: (connection: Connection) => Answer): Promise<Answer> {
    if (this.#failures > 0 || this.#closing.signal.aborted) throw this.#unavailable();
    return this.use(question, { timeout: CHECK_TIMEOUT });
  }

  /**
   * A connection of its own, which the caller closes; takes as long as it takes.
   *
   * @throws IbmMqLibraryError when waiting is of no use; the reason of the signal, when it is aborted.
   * @internal
   */
  async connect(signal: AbortSignal): Promise<Connection> {
    const mqi = loadIbmmq();
    const stop = AbortSignal.any([signal, this.#closing.signal]);
    for (;;) {
      const connection = await abortable(
        this.#turn.run(() => this.#attempt(mqi, stop)),
        stop,
      );
      if (connection) return connection;
    }
  }

  /**
   * Lends a connection of the pool to `work`, waiting for one up to `timeout` milliseconds (default 30,000). When that
   * connection turns out to be lost, another is lent and the work begun again, which is safe as nothing was committed;
   * not so when the loss leaves a commit in doubt.
   *
   * @throws IbmMqUnavailableError when there is no connection in time, with the reason as its cause; what `work` throws.
   * @internal
   */
  async use<Result>(
    work: (connection: Connection) => Result | Promise<Result>,
    { timeout = USE_TIMEOUT }: { timeout?: number } = {},
  ): Promise<Result> {
    const deadline = performance.now() + timeout;
    for (;;) {
      const connection = await this.#acquire(deadline);
      try {
        return await work(connection);
      } catch (error) {
        if (!mayRepeat(error) || performance.now() >= deadline) throw error;
      } finally {
        this.#pool.release(connection);
      }
    }
  }

  async #acquire(deadline: number): Promise<Connection> {
    const idle = this.#pool.acquireIdle();
    if (idle) return idle;
    try {
      return await this.#pool.acquire(
        AbortSignal.timeout(Math.max(1, Math.round(deadline - performance.now()))),
      );
    } catch (error) {
      if (error instanceof IbmMqLibraryError) throw error;
      throw this.#unavailable();
    }
  }

  /** Says that the end is near: the status becomes `draining`. */
  drain(): void {
    if (this.status !== 'closed') this.#status.next('draining');
  }

  /** Ends waiting attempts, lets what uses the pool finish, and disconnects the pool. */
  async close(): Promise<void> {
    this.drain();
    this.#closing.abort(new IbmMqUnavailableError('The connection to the queue manager was closed.'));
    await this.#pool.close();
    this.#status.next('closed');
  }

  /** Nest calls it when the manager is a provider, after the servers of the application are drained. */
  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  /** One attempt, when it is time for it; undefined when it failed. */
  async #attempt(mqi: Mqi, stop: AbortSignal): Promise<Connection | undefined> {
    await this.#pause(stop);
    let connection: Connection;
    try {
      connection = await this.#tryAddresses(mqi);
    } catch (error) {
      this.#connectFailed(error as Error);
      return undefined;
    }
    if (stop.aborted) {
      connection.close();
      throw stop.reason;
    }
    this.#connected(connection);
    return connection;
  }

  async #pause(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const wait = this.#notBefore - performance.now();
    if (wait <= 0) return;
    await sleep(wait, undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
  }

  async #tryAddresses(mqi: Mqi): Promise<Connection> {
    const { credentials, queueManager = '' } = this.#options;
    const given = typeof credentials === 'function' ? await credentials() : credentials;
    const addresses = addressList(this.#options.addresses);
    if (this.#options.ccdtUrl !== undefined || addresses.length === 0) {
      const options = connectOptions(mqi, this.#options, given, undefined);
      return Connection.connect(mqi, queueManager, options, this.#options.ccdtUrl ?? 'the queue manager');
    }
    const failures: Error[] = [];
    for (const address of addresses) {
      try {
        const options = connectOptions(mqi, this.#options, given, address);
        return await Connection.connect(mqi, queueManager, options, address);
      } catch (error) {
        failures.push(error as Error);
      }
    }
    throw failures.length === 1 ? (failures[0] as Error) : new AggregateError(failures, messages(failures));
  }

  #connected(connection: Connection): void {
    if (this.#lastError) this.#logger.log(`Connected to ${connection.name}.`);
    this.#failures = 0;
    this.#notBefore = 0;
    this.#lastError = undefined;
    connection.lost.addEventListener('abort', () =>
      this.#connectionLost(connection.lost.reason as IbmMqError),
    );
    if (this.status === 'connecting') this.#status.next('connected');
    this.#observer.connected?.();
  }

  #connectFailed(error: Error): void {
    this.#failures++;
    this.#notBefore =
      performance.now() + backoffDelay(this.#failures, { ...RECONNECT, ...this.#options.reconnect });
    this.#lastError = error;
    this.#logger.warn(`${error.message}. Trying again.`);
    if (this.status === 'connected') this.#status.next('connecting');
    this.#observer.connectFailed?.(error);
  }

  #connectionLost(error: IbmMqError): void {
    if (this.#closing.signal.aborted) return;
    this.#lastError = error;
    this.#logger.warn(`A connection was lost: ${error.message}`);
    if (this.status === 'connected') this.#status.next('connecting');
    this.#observer.disconnected?.(error);
  }

  #unavailable(): IbmMqUnavailableError {
    const cause = this.#lastError;
    return new IbmMqUnavailableError(
      this.#closing.signal.aborted
        ? 'The connection to the queue manager was closed.'
        : `There is no connection to the queue manager${cause ? `: ${cause.message}` : '.'}`,
      { cause },
    );
  }
}

/** The promise's result, or the signal's reason if that comes first. */
function abortable<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(signal.reason as Error);
    signal.addEventListener('abort', aborted, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
    if (signal.aborted) aborted();
  });
}

function mayRepeat(error: unknown): boolean {
  return error instanceof IbmMqError && error.connectionLost && !error.inDoubt;
}

function messages(failures: readonly Error[]): string {
  return failures.map(({ message }) => message).join('; ');
}
