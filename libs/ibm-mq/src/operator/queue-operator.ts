import type { Connection } from '../connection/connection.js';
import type { IbmMqConnectionManager } from '../connection/connection-manager.js';
import { TimeSlice } from '../connection/time-slice.js';
import { inquireBackoutPolicy } from '../consumer/backout-policy.js';
import { putWithContext } from '../consumer/rejection.js';
import { withChanges, type Changes } from '../message/changed-message.js';
import { toIdentifier } from '../message/identifier.js';
import { IncomingMessage } from '../message/incoming-message.js';

/** Which of the messages with an id is meant; there may be several. */
export type Choice = (message: IncomingMessage) => boolean;

/**
 * What an operator does with the messages of a queue that no program consumes, such as a backout queue: look at them,
 * move one elsewhere, take one away. Bytes are not converted.
 */
export class QueueOperator {
  readonly #manager: IbmMqConnectionManager;

  constructor(manager: IbmMqConnectionManager) {
    this.#manager = manager;
  }

  /** BOQNAME of a queue, through an alias that of the queue behind it; empty when there is none. */
  async backoutQueueOf(queue: string): Promise<string> {
    const policy = await this.#manager.use((connection) => inquireBackoutPolicy(connection, queue));
    return policy.backoutQueue;
  }

  /**
   * Shows every message that is on the queue, in its order, and leaves it there. Those that somebody has in a unit of
   * work are not seen; those that come meanwhile may be.
   *
   * @throws IbmMqError, or what `show` throws; then some messages have been shown.
   */
  async browse(queue: string, show: (message: IncomingMessage) => void | Promise<void>): Promise<void> {
    await this.#manager.use(async (connection) => {
      const browsed = connection.openBrowse(queue);
      try {
        const slice = new TimeSlice();
        for (let received = browsed.next(); received; received = browsed.next()) {
          await show(new IncomingMessage(queue, received.descriptor, received.data));
          if (slice.isOver) await slice.next();
        }
      } finally {
        browsed.close();
      }
    });
  }

  /**
   * Moves a message to another queue in one unit of work: ids, properties, priority, persistence and put context stay,
   * but for the changes.
   *
   * @param messageId 48 hex digits
   * @returns whether it was there; nothing has happened when it was not.
   * @throws IbmMqError when it cannot be moved. When it is `inDoubt`, it may have been moved or not.
   */
  move(queue: string, messageId: string, chosen: Choice, target: string, changes: Changes): Promise<boolean> {
    return this.#take(queue, messageId, chosen, (connection, message) => {
      putWithContext(connection, target, message.descriptor, withChanges(message, changes));
    });
  }

  /** Takes a message away for good; see `move`. */
  remove(queue: string, messageId: string, chosen: Choice): Promise<boolean> {
    return this.#take(queue, messageId, chosen, () => undefined);
  }

  #take(
    queue: string,
    messageId: string,
    chosen: Choice,
    then: (connection: Connection, message: IncomingMessage) => void,
  ): Promise<boolean> {
    return this.#manager.use((connection) => {
      const browsed = connection.openBrowse(queue, toIdentifier(messageId));
      try {
        for (let seen = browsed.next(); seen; seen = browsed.next()) {
          if (!chosen(new IncomingMessage(queue, seen.descriptor, seen.data))) continue;
          const taken = browsed.take();
          if (!taken) return false;
          then(connection, new IncomingMessage(queue, taken.descriptor, taken.data));
          connection.commit();
          return true;
        }
        return false;
      } catch (error) {
        if (!connection.lost.aborted) connection.back();
        throw error;
      } finally {
        browsed.close();
      }
    });
  }
}
