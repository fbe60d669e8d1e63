import kafkajs, { type Consumer } from 'kafkajs';
import { Pool } from 'undici';
import type { RunningStack } from '@orderbridge/running-stack';
import { allGood, ENDS, type Load, type OrderKind } from './order-kinds.js';

/** The events by which orders end, by the status they end in. */
const FINAL_EVENTS: Readonly<Record<(typeof ENDS)[OrderKind], string>> = {
  SHIPPED: 'order.shipped',
  REJECTED: 'order.rejected',
  PAYMENT_FAILED: 'order.payment-failed',
  REFUNDED: 'order.refunded',
};
const FINAL = new Set(Object.values(FINAL_EVENTS));

/**
 * Places orders and hears of their end: by the events on Kafka, `order.shipped` and its like, which go out after the
 * order shows its status to anyone who asks, so that what is measured is not too short.
 */
export class Orders {
  /** Accepted orders and what they were made for, in the order of their answers. */
  readonly accepted = new Map<string, OrderKind>();
  /** What is placed next. */
  load: Load = allGood;
  onFinished: (orderId: string, at: number) => void = () => undefined;
  readonly #pool: Pool;
  readonly #consumer: Consumer;
  readonly #ended = new Set<string>();
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

  /** How many orders have ended. */
  get finished(): number {
    return this.#ended.size;
  }

  /** Resolves when it hears of every order that ends from now on. */
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
          if (!FINAL.has(String(headers?.['ce_type']))) continue;
          const orderId = String(key);
          if (this.#ended.has(orderId)) continue;
          this.#ended.add(orderId);
          this.onFinished(orderId, now);
        }
        return Promise.resolve();
      },
    });
    await joined;
  }

  /** Resolves with the id of the accepted order. */
  async place(): Promise<string> {
    const { kind, body: wanted } = this.load(this.#next++);
    const { statusCode, body } = await this.#pool.request({
      method: 'POST',
      path: '/orders',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(wanted),
    });
    const order = (await body.json()) as { orderId: string };
    if (statusCode !== 201) throw new Error(`POST /orders answered ${statusCode}: ${JSON.stringify(order)}`);
    this.accepted.set(order.orderId, kind);
    return order.orderId;
  }

  async stop(): Promise<void> {
    await this.#consumer.disconnect();
    await this.#pool.close();
  }
}
