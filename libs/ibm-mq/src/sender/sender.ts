import type { Connection } from '../connection/connection.js';
import type { IbmMqConnectionManager } from '../connection/connection-manager.js';
import { TimeSlice } from '../connection/time-slice.js';
import type { OutgoingHeaders } from '../message/headers.js';
import type { OutgoingMessage } from '../message/outgoing-message.js';
import { putMessage } from './put-message.js';

/** Sends messages in units of work of their own, on connections of the manager's pool. */
export class Sender {
  readonly #manager: IbmMqConnectionManager;
  readonly #timeout: number;
  /** Of sends that follow one another: waiting for one alone would not let the event loop turn. */
  readonly #slice = new TimeSlice();

  /** @param timeout milliseconds for which a unit of work waits for a connection, and is begun again after a loss */
  constructor(manager: IbmMqConnectionManager, timeout: number) {
    this.#manager = manager;
    this.#timeout = timeout;
  }

  /**
   * Sends all messages, in their order, in one unit of work: resolves when it is committed. A connection that is lost
   * before the commit is replaced and the unit of work begun again, which is safe.
   *
   * @throws IbmMqUnavailableError when there is no connection in time. IbmMqError when a message cannot be put or the
   * commit fails: then none was sent, except when it is `inDoubt` (the connection was lost within the commit), when
   * all or none were. InvalidMessageError for headers or identifiers that MQ cannot hold. To repeat a call after an error is
   * to send at least once.
   */
  async sendBatch(messages: readonly OutgoingMessage[]): Promise<void> {
    if (messages.length === 0) return;
    await this.#manager.tracing.send(messages, (contextOf) =>
      this.#manager.use((connection) => this.#send(connection, messages, contextOf), {
        timeout: this.#timeout,
      }),
    );
    if (this.#slice.isOver) await this.#slice.next();
  }

  async #send(
    connection: Connection,
    messages: readonly OutgoingMessage[],
    contextOf: (message: OutgoingMessage) => OutgoingHeaders,
  ): Promise<void> {
    const started = performance.now();
    let commitStarted: number;
    try {
      const slice = new TimeSlice();
      for (const message of messages) {
        putMessage(connection, message, contextOf(message));
        if (slice.isOver) await slice.next();
      }
      commitStarted = performance.now();
      connection.commit();
    } catch (error) {
      if (!connection.lost.aborted) connection.back();
      throw error;
    }
    const ended = performance.now();
    this.#manager.observer.sent?.({
      messages: messages.length,
      milliseconds: ended - started,
      commitMilliseconds: ended - commitStarted,
    });
  }
}
