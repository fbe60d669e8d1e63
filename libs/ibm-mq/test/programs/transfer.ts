import { Logger } from '@nestjs/common';
import {
  IbmMqClient,
  IbmMqConnectionManager,
  IbmMqError,
  IbmMqServer,
  type IbmMqConnectionOptions,
  type UnitOfWork,
} from '../../src/index.js';
import { serve } from './channel.js';

/** Moves messages from IN to OUT in units of work, some of which fail. */
Logger.overrideLogger(false);

interface Options {
  readonly connection: IbmMqConnectionOptions;
  readonly consumers: number;
  /** Probability with which a unit of work fails after it has sent. */
  readonly failing: number;
}

let failing = 0;

class Transfer extends IbmMqServer {
  protected override async handleUnitOfWork(unit: UnitOfWork): Promise<void> {
    await unit.send(...unit.messages.map(({ body, headers }) => ({ queue: 'OUT', body, headers })));
    if (Math.random() < failing) throw new Error('at random');
  }
}

let server: Transfer;
let client: IbmMqClient;

serve({
  start(options: Options) {
    ({ failing } = options);
    server = new Transfer({
      connection: options.connection,
      queues: { IN: { batchSize: 20, consumers: options.consumers } },
      backoff: { initialDelay: 5, maxDelay: 50 },
    });
    server.listen((error) => {
      if (error) throw error;
    });
  },
  connect(connection: IbmMqConnectionOptions) {
    client = new IbmMqClient({ connection: new IbmMqConnectionManager(connection) });
  },
  /**
   * Sends messages with the numbers from `first` up to but not including `last`, in batches, each again until it is
   * certain. Returns how many messages were in batches sent again although they were in doubt.
   */
  async send({ first, last, batch }: { first: number; last: number; batch: number }): Promise<number> {
    let inDoubt = 0;
    for (let start = first; start < last; start += batch) {
      const numbers = Array.from({ length: Math.min(batch, last - start) }, (_, i) => start + i);
      const messages = numbers.map((number) => ({ queue: 'IN', body: `${number}`, headers: { number } }));
      for (let sent = false; !sent;) {
        try {
          await client.sendBatch(messages);
          sent = true;
        } catch (error) {
          if (!(error instanceof IbmMqError) || !error.inDoubt) throw error;
          inDoubt += messages.length;
        }
      }
    }
    return inDoubt;
  },
  depth: (queue: string) => client.queueDepth(queue),
});
