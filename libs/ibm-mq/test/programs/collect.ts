import { Logger } from '@nestjs/common';
import { IbmMqServer, type IbmMqConnectionOptions, type UnitOfWork } from '../../src/index.js';
import { serve, tell } from './channel.js';

/** Collects the bodies of the messages on OUT. */
Logger.overrideLogger(false);

class Collect extends IbmMqServer {
  protected override handleUnitOfWork({ messages }: UnitOfWork): Promise<void> {
    tell(
      'collected',
      messages.map((message) => message.text()),
    );
    return Promise.resolve();
  }
}

serve({
  start(connection: IbmMqConnectionOptions) {
    new Collect({ connection, queues: { OUT: { batchSize: 500 } } }).listen((error) => {
      if (error) throw error;
    });
  },
});
