import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Connection } from '../connection/connection.js';
import type { Arrival, InputOptions, InputQueue, Received } from '../connection/input-queue.js';
import { IncomingMessage } from '../message/incoming-message.js';

/** Milliseconds without a message or an event after which the connection is asked whether it still lives. */
const IDLE_PROBE = 30_000;

/**
 * Takes messages of one queue into the unit of work of a connection.
 *
 * The first message of a unit of work is waited for with a callback (MQCB), which costs no thread of ours and no
 * polling. The callback thread suspends consumption before it hands the message to the event loop, so one message at
 * most is on its way. Further ones are then taken with MQGET without waiting, which ends a batch at once and without
 * doubt when there are no more, and costs no more than a callback (measured).
 *
 * Nothing is ever committed that JavaScript has not seen: verbs run only while consumption is suspended, and between
 * a suspension of ours and the next verb the event loop turns twice, so that a message which the callback thread had
 * already handed over arrives before.
 */
export class MessageSource {
  readonly #connection: Connection;
  readonly #input: InputQueue;
  readonly #arrivals: Arrival[] = [];
  #wake: (() => void) | undefined;
  #stopped = false;

  /** @throws IbmMqError when the queue cannot be opened */
  constructor(connection: Connection, queue: string, options: InputOptions) {
    this.#connection = connection;
    this.#input = connection.openInput(queue, options, (arrival) => this.#arrived(arrival));
  }

  /** The name of the queue; of a model queue that of the dynamic queue which was made of it. */
  get queue(): string {
    return this.#input.name;
  }

  /**
   * Waits for a message. Undefined after `stop`.
   *
   * @throws IbmMqError for whatever else the queue manager tells, such as the loss of the connection.
   */
  async next(): Promise<IncomingMessage | undefined> {
    for (;;) {
      const arrival = await this.#arrival();
      if (!arrival) return undefined;
      switch (arrival.kind) {
        case 'message':
          return this.#message(arrival);
        case 'event':
          throw arrival.error;
        case 'unseen': {
          this.#connection.back();
          const message = this.take();
          if (message) return message;
        }
      }
    }
  }

  /** The next message if there is one. */
  take(): IncomingMessage | undefined {
    const received = this.#input.take();
    return received && this.#message(received);
  }

  /** Lets `next` look whether the connection still lives. */
  probe(): void {
    this.#wake?.();
  }

  /** Ends waiting; a message that had already been handed over is still returned by `next`. */
  async stop(): Promise<void> {
    this.#stopped = true;
    try {
      await this.#suspend();
    } finally {
      this.#wake?.();
    }
  }

  async #arrival(): Promise<Arrival | undefined> {
    while (this.#arrivals.length === 0 && !this.#stopped) {
      const arrived = await this.#wait();
      if (arrived || this.#stopped) break;
      await this.#suspend();
      const received = this.#arrivals.length === 0 ? this.#input.take() : undefined;
      if (received) return { kind: 'message', ...received };
    }
    const arrival = this.#arrivals.shift();
    if (arrival?.kind !== 'event') this.#input.suspend();
    return arrival;
  }

  /** Whether something arrived before it was time for a probe. */
  async #wait(): Promise<boolean> {
    const idle = setTimeout(() => this.probe(), IDLE_PROBE);
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#input.resume();
    }).finally(() => clearTimeout(idle));
    this.#wake = undefined;
    return this.#arrivals.length > 0;
  }

  async #suspend(): Promise<void> {
    this.#input.suspend();
    // A callback handed over just before is run by the event loop's poll phase. The first turn ends the current
    // iteration of the loop, in which that phase may be over; the second comes after a whole one.
    await nextTurn();
    await nextTurn();
  }

  #arrived(arrival: Arrival): void {
    this.#arrivals.push(arrival);
    this.#wake?.();
  }

  #message({ descriptor, data, warning }: Received): IncomingMessage {
    return new IncomingMessage(this.queue, descriptor, data, warning);
  }
}
