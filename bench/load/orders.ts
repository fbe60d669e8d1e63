import kafkajs, { type Consumer } from 'kafkajs';
import { Pool } from 'undici';
import type { RunningStack } from '@orderbridge/running-stack';

/** Products that are in stock for as long as it takes. */
const PRODUCTS = [
  'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa',
  'bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb',
  'eeeeeeee-eeee-eeee-eeee-eeeeeeeeeeee',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '00000000-0000-4000-8000-000000000001',
  '00000000-0000-4000-8000-000000000002',
  '00000000-0000-4000-8000-000000000003',
  '00000000-0000-4000-8000-000000000004',
];
const USER = '55555555-5555-5555-5555-555555555555';

/**
 * Places orders and hears of their shipping: by the events `order.shipped` on Kafka, which go out after the order shows
 * SHIPPED to anyone who asks, so that what is measured is not too short.
 */
export class Orders {
  /** Accepted orders, in the order of their answers. */
  readonly accepted: string[] = [];
  shipped = 0;
  onShipped: (orderId: string, at: number) => void = () => undefined;
  readonly #pool: Pool;
  readonly #consumer: Consumer;
  #next = 0;

  constructor(stack: RunningStack) {
    this.#pool = new Pool(stack.url('order'), { connections: 64, pipelining: 1 });
    const kafka = new kafkajs.Kafka({
      brokers: [stack.kafka],
      clientId: 'bench',
      logLevel: kafkajs.logLevel.NOTHING,
    });
    this.#consumer = kafka.consumer({ groupId: `bench-${process.pid}`, maxWaitTimeInMs: 500 });
  }

  /** Resolves when it hears of every order that ships from now on. */
  async start(): Promise<void> {
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: ['orders'], fromBeginning: true });
    const joined = new Promise<void>((resolve) => {
      this.#consumer.on(this.#consumer.events.GROUP_JOIN, () => resolve());
    });
    await this.#consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 3,
      eachBatch: ({ batch }) => {
        const now = performance.now();
        for (const { headers, key } of batch.messages) {
          if (String(headers?.['ce_type']) !== 'order.shipped') continue;
          this.shipped++;
          this.onShipped(String(key), now);
        }
        return Promise.resolve();
      },
    });
    await joined;
  }

  /** Resolves with the id of an accepted order of two lines. */
  async place(): Promise<string> {
    const [first = '', second = ''] = [this.#next, this.#next + 3].map((n) => PRODUCTS[n % PRODUCTS.length]);
    this.#next++;
    const { statusCode, body } = await this.#pool.request({
      method: 'POST',
      path: '/orders',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId: USER, items: { [first]: 2, [second]: 1 } }),
    });
    const order = (await body.json()) as { orderId: string };
    if (statusCode !== 201) throw new Error(`POST /orders answered ${statusCode}: ${JSON.stringify(order)}`);
    this.accepted.push(order.orderId);
    return order.orderId;
  }

  async stop(): Promise<void> {
    await this.#consumer.disconnect();
    await this.#pool.close();
  }
}
