import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { INVENTORY_EVENTS, inventoryReserved, PAYMENTS } from '@orderbridge/contracts';
import { IbmMqClient, IbmMqRecord } from '@orderbridge/ibm-mq';
import kafkajs from 'kafkajs';
import { lastValueFrom } from 'rxjs';
import { v7 as uuid } from 'uuid';
import { BODY, headersOf } from './poison-message.js';

// A program of its own, since IBM's client library is found by the environment that a process begins with: addresses of
// Kafka and of the queue manager. Puts messages that no consumer can handle on both, and prints the ids of those that
// were accepted, a line each. It ends when nobody writes to it any more.
const [kafka = '', mq = ''] = process.argv.slice(2);
Logger.overrideLogger(false);

/** Milliseconds between two messages for a broker. */
const INTERVAL = 2_500;
/** Milliseconds for which a message waits for its broker. */
const TIMEOUT = 5_000;

const producer = new kafkajs.Kafka({
  brokers: [kafka],
  clientId: 'poisoner',
  connectionTimeout: TIMEOUT,
  requestTimeout: TIMEOUT,
  logLevel: kafkajs.logLevel.NOTHING,
  retry: { retries: 0 },
}).producer();
const client = new IbmMqClient({
  connection: { addresses: mq, channel: 'ORDERBRIDGE.SVRCONN', applicationName: 'poisoner' },
  sendTimeout: TIMEOUT,
});

/** Puts one after the other; what a broker does not take is given up. */
async function poison(put: (id: string, key: string) => Promise<unknown>): Promise<never> {
  for (;;) {
    const id = uuid();
    const accepted = await put(id, uuid()).then(
      () => true,
      () => false,
    );
    if (accepted) process.stdout.write(`${id}\n`);
    await sleep(INTERVAL);
  }
}

process.stdin.on('end', () => process.exit(0)).resume();
await Promise.all([
  poison(async (id, key) => {
    await producer.connect();
    const message = { key, headers: headersOf(id, key), value: JSON.stringify(BODY) };
    await producer.send({ topic: PAYMENTS.name, messages: [message] });
  }),
  poison((id, key) => {
    const headers = headersOf(id, key, inventoryReserved);
    return lastValueFrom(client.emit(INVENTORY_EVENTS.name, new IbmMqRecord(BODY, { headers })), {
      defaultValue: undefined,
    });
  }),
]);
