import { Logger } from '@nestjs/common';
import { IbmMqConnectionManager, QueueOperator } from '@orderbridge/ibm-mq';

/** What is told of a message: a line of JSON each. */
export interface BrowsedMessage {
  readonly queue: string;
  readonly headers: Readonly<Record<string, string>>;
}

// A program of its own, since IBM's client library is found by the environment that a process begins with:
// address of the queue manager, then the queues. Prints every message that lies there and leaves it.
const [address = '', ...queues] = process.argv.slice(2);
Logger.overrideLogger(false);
const manager = new IbmMqConnectionManager({
  addresses: address,
  channel: 'ORDERBRIDGE.SVRCONN',
  applicationName: 'chaos',
});
try {
  const operator = new QueueOperator(manager);
  for (const queue of queues) {
    await operator.browse(queue, (message) => {
      const headers = Object.fromEntries(
        Object.entries(message.headers).map(([name, value]) => [name, String(value ?? '')]),
      );
      process.stdout.write(`${JSON.stringify({ queue, headers } satisfies BrowsedMessage)}\n`);
    });
  }
} finally {
  await manager.close();
}
