import { IbmMqError, InvalidMessageError } from '../errors.js';
import type { OutgoingMessage } from '../message/outgoing-message.js';
import { isMessageRefused, isUnitTooLarge } from '../mqi/reason-codes.js';

/** A message that the queue manager will never take as it is. */
export interface RefusedMessage<Message extends OutgoingMessage = OutgoingMessage> {
  readonly message: Message;
  readonly error: Error;
}

/** What became of messages that were sent in several units of work. */
export interface SendReport<Message extends OutgoingMessage = OutgoingMessage> {
  /** Committed. */
  readonly sent: readonly Message[];
  readonly refused: readonly RefusedMessage<Message>[];
  /** Queues that do not take messages at present, each with the reason; theirs that are left were not sent. */
  readonly blocked: ReadonlyMap<string, Error>;
  /**
   * Why all others were not sent, for example because the queue manager is unavailable; undefined when nothing else is left.
   * When it is `inDoubt`, a unit of work of them may have been committed.
   */
  readonly failure: Error | undefined;
}

/**
 * Sends messages in units of work that are halved, down to single messages, while the queue manager does not take them, so
 * that a large batch passes where MAXUMSGS, a nearly full log or a nearly full queue allow only smaller ones, and that a
 * message which is refused hurts only itself. Order per queue is kept: what comes after a message that its queue does not
 * take at present is not sent to that queue either. Other queues go on.
 */
export class UnitSplitter {
  readonly #send: (unit: readonly OutgoingMessage[]) => Promise<void>;
  readonly #unitSize: number;

  /**
   * @param send sends a unit of work: all of it, or nothing when it rejects
   * @param unitSize most messages of a unit of work
   */
  constructor(send: (unit: readonly OutgoingMessage[]) => Promise<void>, unitSize: number) {
    this.#send = send;
    this.#unitSize = unitSize;
  }

  /** Never rejects because of what the queue manager says. */
  async sendAll<Message extends OutgoingMessage>(messages: readonly Message[]): Promise<SendReport<Message>> {
    const sent: Message[] = [];
    const refused: RefusedMessage<Message>[] = [];
    const blocked = new Map<string, Error>();
    let largest = this.#unitSize;
    let size = largest;
    for (let next = 0; next < messages.length;) {
      const window = messages.slice(next, next + size);
      const unit = window.filter((message) => !blocked.has(message.queue));
      const error = unit.length === 0 ? undefined : await this.#failure(unit);
      if (!error) {
        sent.push(...unit);
        next += window.length;
        size = Math.min(largest, size * 2);
        continue;
      }
      if (stopsAll(error)) return { sent, refused, blocked, failure: error };
      if (unit.length > 1) {
        size = Math.floor(window.length / 2);
        if (isTooLarge(error)) largest = size;
        continue;
      }
      const [message] = unit as [Message];
      if (isRefused(error)) refused.push({ message, error });
      else if (isCommit(error)) return { sent, refused, blocked, failure: error };
      else blocked.set(message.queue, error);
      next += window.indexOf(message) + 1;
    }
    return { sent, refused, blocked, failure: undefined };
  }

  async #failure(unit: readonly OutgoingMessage[]): Promise<Error | undefined> {
    try {
      await this.#send(unit);
      return undefined;
    } catch (error) {
      return error as Error;
    }
  }
}

/** Nothing about the messages: neither smaller units nor other queues fare better. */
const stopsAll = (error: Error): boolean =>
  !(error instanceof InvalidMessageError) && (!(error instanceof IbmMqError) || error.connectionLost);

const isTooLarge = (error: Error): boolean => error instanceof IbmMqError && isUnitTooLarge(error.reason);

const isRefused = (error: Error): boolean =>
  error instanceof InvalidMessageError || (error instanceof IbmMqError && isMessageRefused(error.reason));

const isCommit = (error: Error): boolean => error instanceof IbmMqError && error.verb === 'MQCMIT';
