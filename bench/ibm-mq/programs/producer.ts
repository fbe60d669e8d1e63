import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { IbmMqClient, type OutgoingMessage } from '@orderbridge/ibm-mq';
import { bodyOf, clock } from '../message.js';
import { serve } from './serve.js';

Logger.overrideLogger(['warn', 'error', 'fatal']);

/** Sends through the transport. */
const client = new IbmMqClient({ connection: {} });
/** Units of work between two looks at the depth of the queue. */
const UNITS_PER_LOOK = 20;

interface Destination {
  readonly queue: string;
  readonly stream: number;
  /** Bytes of a body. */
  readonly size: number;
}

function message({ queue, stream, size }: Destination, number: number, due?: number): OutgoingMessage {
  return {
    queue,
    body: bodyOf(stream, number, size, due),
    headers: { 'event-type': 'measured', 'event-number': number },
  };
}

const methods = {
  connect: () => client.connect(),

  depth: (queue: string) => client.queueDepth(queue),

  /**
   * Sends the messages from `first` up to but not including `last` of a stream, in units of work; waits while more than
   * `deepest` messages are on the queue.
   */
  async send(options: Destination & { first: number; last: number; unit: number; deepest: number }) {
    const { first, last, unit, deepest, queue } = options;
    for (let next = first, units = 0; next < last; next += unit, units++) {
      if (units % UNITS_PER_LOOK === 0) while ((await client.queueDepth(queue)) > deepest) await sleep(5);
      const numbers = Array.from({ length: Math.min(unit, last - next) }, (_, i) => next + i);
      await client.sendBatch(numbers.map((number) => message(options, number)));
    }
  },

  /** Sends at a fixed rate per second, whatever becomes of those before, each in a unit of work of its own. */
  async steady(options: Destination & { first: number; messages: number; rate: number }): Promise<void> {
    const { first, messages, rate } = options;
    const begun = clock();
    const sending: Promise<void>[] = [];
    for (let n = 0; n < messages; n++) {
      const due = begun + (n * 1_000) / rate;
      const wait = due - clock();
      if (wait > 0) await sleep(wait);
      sending.push(client.sendBatch([message(options, first + n, due)]));
    }
    await Promise.all(sending);
  },
};

export type Producer = typeof methods;
serve(methods);
