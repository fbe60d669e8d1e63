import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, RunningStack } from '@orderbridge/running-stack';
import { Responses } from '../invariants/responses.js';
import type { Random } from '../plan/random.js';
import { answered } from './answered.js';

const USER = '66666666-6666-6666-6666-666666666666';
const IN_STOCK = [
  'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa',
  'bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb',
  'eeeeeeee-eeee-eeee-eeee-eeeeeeeeeeee',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '00000000-0000-4000-8000-000000000001',
];
const SOLD_OUT = 'dddddddd-dddd-dddd-dddd-dddddddddddd';
const ADDRESS = { name: 'Ada Example', street: '1 Market Street', city: 'Berlin', country: 'DE' };

/** What kinds of orders there are, and how many of 100. The rest is as it should be. */
const KINDS = [
  { name: 'out of stock', share: 5, body: { items: { [SOLD_OUT]: 1 } } },
  { name: 'declined', share: 5, body: { paymentToken: 'tok_decline' } },
  { name: 'refused by the carrier', share: 1, body: { shipTo: { ...ADDRESS, postalCode: '00000' } } },
  { name: 'booked late', share: 0.5, body: { shipTo: { ...ADDRESS, postalCode: '99408' } } },
  { name: 'booked at the third try', share: 0.5, body: { shipTo: { ...ADDRESS, postalCode: '99500' } } },
  { name: 'charged late', share: 0.5, body: { paymentToken: 'tok_timeout' } },
  { name: 'charged at the third try', share: 0.5, body: { paymentToken: 'tok_error' } },
  { name: 'refunded late', share: 0.25, body: { paymentToken: 'tok_refund_timeout' } },
] as const;
const CANCELLED = 0.03;
/** Orders that are sent again later, and such that are sent twice at once. */
const REPEATED = 0.1;
const DOUBLED = 0.02;

export type OrderKind = (typeof KINDS)[number]['name'] | 'good';

/** An order that was accepted. */
export interface Accepted {
  readonly kind: OrderKind;
  readonly key: string;
  /** What was answered to a cancellation that was answered. */
  cancelled?: 200 | 409;
}

/** Milliseconds after which a request counts as lost, and before it is sent again. */
const REQUEST_TIMEOUT = 5_000;
const PAUSE = 200;

/**
 * Places orders as storefronts do that may lose any answer: each with an idempotency key, again and again until it is
 * answered; some are sent once more, some are cancelled.
 */
export class Shopping {
  /** By order id. */
  readonly accepted = new Map<string, Accepted>();
  readonly problems: string[] = [];
  readonly #under = new Set<Promise<void>>();
  readonly #responses = new Responses();
  /** What was answered last to requests that are sent again. */
  readonly #waiting = new Map<string, string>();
  readonly #finished = new AbortController();
  #placed = 0;

  constructor(
    private readonly stack: RunningStack,
    /** Makes idempotency keys differ from those of other seeds. */
    private readonly name: string,
    private readonly random: Random,
  ) {
    // Any number of requests waits to be sent again while the system is away.
    setMaxListeners(0, this.#finished.signal);
  }

  get placed(): number {
    return this.#placed;
  }

  /** Starts to place an order. */
  place(): void {
    const one = this.#shop(`${this.name}-${this.#placed++}`).finally(() => this.#under.delete(one));
    this.#under.add(one);
  }

  /**
   * Resolves when every order is answered, or the time in milliseconds is over, with what is not; sends nothing more.
   */
  async finish(timeout: number): Promise<readonly string[]> {
    const late = sleep(timeout, undefined, { signal: this.#finished.signal }).catch(() => undefined);
    await Promise.race([Promise.all(this.#under), late]);
    const unanswered = [...this.#waiting].map(([key, last]) => `${key} (last answer: ${last})`);
    this.#finished.abort();
    await Promise.all(this.#under);
    return unanswered;
  }

  async #shop(key: string): Promise<void> {
    const { random } = this;
    const { kind, body } = this.#order();
    const [isDoubled, isRepeated, isCancelled] = [DOUBLED, REPEATED, CANCELLED].map((share) =>
      random.chance(share),
    );
    const [repeatAfter, cancelAfter] = [random.between(0, 3_000), random.between(0, 2_000)];
    const [orderId] = await Promise.all([this.#send(key, body), isDoubled && this.#send(key, body)]);
    if (orderId === undefined) return;
    const order: Accepted = { kind, key };
    this.accepted.set(orderId, order);
    if (isCancelled) {
      await sleep(cancelAfter);
      const answer = await this.#cancel(orderId);
      if (answer) order.cancelled = answer;
    }
    if (isRepeated) {
      await sleep(repeatAfter);
      await this.#send(key, body);
    }
  }

  #order(): { kind: OrderKind; body: object } {
    const { random } = this;
    const items: Record<string, number> = {};
    for (const product of random.shuffled(IN_STOCK).slice(0, random.whole(1, 3)))
      items[product] = random.whole(1, 4);
    let drawn = random.between(0, 100);
    const kind = KINDS.find(({ share }) => (drawn -= share) < 0);
    return { kind: kind?.name ?? 'good', body: { userId: USER, items, ...kind?.body } };
  }

  /** Resolves with the order's id. */
  async #send(key: string, body: object): Promise<string | undefined> {
    const answer = await this.#untilAnswered(
      `POST /orders with key ${key}`,
      // 409: the one before is still under way.
      (status) => status === 201,
      (status) => status === 409,
      () => this.stack.post('order', '/orders', body, { 'idempotency-key': key }, REQUEST_TIMEOUT),
    );
    const violation = answer && this.#responses.add(key, answer.body);
    if (violation) this.problems.push(violation);
    return (answer?.body as { orderId: string } | undefined)?.orderId;
  }

  async #cancel(orderId: string): Promise<200 | 409 | undefined> {
    const answer = await this.#untilAnswered(
      `PUT /orders/${orderId}/cancel`,
      (status) => status === 200 || status === 409,
      () => false,
      () => this.stack.put('order', `/orders/${orderId}/cancel`, REQUEST_TIMEOUT),
    );
    return answer?.status as 200 | 409 | undefined;
  }

  /** Sends a request until it has an answer that counts; undefined at the end of the shopping. */
  async #untilAnswered(
    name: string,
    counts: (status: number) => boolean,
    isUnderWay: (status: number) => boolean,
    request: () => Promise<Answer>,
  ): Promise<Answer | undefined> {
    const { signal } = this.#finished;
    for (this.#waiting.set(name, 'none yet'); !signal.aborted;) {
      const answer = await answered(request(), 2 * REQUEST_TIMEOUT);
      if (answer && counts(answer.status)) {
        this.#waiting.delete(name);
        return answer;
      }
      this.#waiting.set(name, answer ? `${answer.status}` : 'none');
      if (answer && answer.status < 500 && !isUnderWay(answer.status))
        this.problems.push(`${name} answered ${answer.status}`);
      await sleep(PAUSE, undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  }
}
