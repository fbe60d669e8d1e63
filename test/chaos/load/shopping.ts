import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { backoffDelay } from '@orderbridge/messaging';
import type { Answer, RunningStack } from '@orderbridge/running-stack';
import { Responses } from '../invariants/responses.js';
import type { Random } from '../plan/random.js';
import { answered } from './answered.js';
import { drawOrder, USER, type Address, type ByHand, type OrderForm, type OrderKind } from './order-kinds.js';

/** Orders that are cancelled, and poison that is. */
const CANCELLED = 0.03;
const POISON_CANCELLED = 0.3;
/** Orders that are sent again later, and such that are sent twice at once. */
const REPEATED = 0.1;
const DOUBLED = 0.02;

/** An order that was accepted. */
export interface Accepted {
  readonly kind: OrderKind;
  readonly key: string;
  /** Where to, of an order that says so. */
  readonly shipTo?: Address | undefined;
  /** What was answered to a cancellation that was answered. */
  cancelled?: 200 | 409;
}

/** What is answered to `POST /orders`. */
interface PlacedOrder {
  readonly orderId: string;
  /** In major units. */
  readonly totalAmount: number;
  readonly currency: string;
}

/** Orders among which those are that are unfinished. */
const RECENT = 200;
const UNDER_WAY: ReadonlySet<unknown> = new Set(['PLACED', 'RESERVED', 'PAID']);

/** Milliseconds after which a request counts as lost, and before it is sent again: the customers are no attack. */
const REQUEST_TIMEOUT = 5_000;
const PAUSE = { initial: 200, max: 3_000 };
/** The beginning of a problem that there may be after order's database was restored. */
export const FORGOTTEN = 'order does not know';

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
  #refused = 0;

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

  /** How many were refused that had to be. */
  get refused(): number {
    return this.#refused;
  }

  /** Starts to place an order. */
  place(form: OrderForm = drawOrder(this.random)): void {
    const key = `${this.name}-${this.#placed++}`;
    this.#start(form.isRefused ? this.#beRefused(key, form) : this.#shop(key, form));
  }

  /** Starts to cancel the oldest orders, so many, that order takes for unfinished among those placed last. */
  async cancelUnderWay(count: number): Promise<void> {
    let left = count;
    for (const orderId of [...this.accepted.keys()].slice(-RECENT)) {
      const shown = this.stack.get('order', `/orders/${orderId}`);
      const answer = await answered(shown, REQUEST_TIMEOUT);
      if (!UNDER_WAY.has(answer?.body.status)) continue;
      this.#start(this.#cancel(orderId));
      if (--left === 0) return;
    }
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

  #start(work: Promise<void>): void {
    const one = work.finally(() => this.#under.delete(one));
    this.#under.add(one);
  }

  async #shop(key: string, { kind, body, byHand }: OrderForm): Promise<void> {
    const { random } = this;
    const isPoison = kind === 'poison at a partner';
    const [isDoubled, isRepeated, isCancelled] = [
      DOUBLED,
      REPEATED,
      isPoison ? POISON_CANCELLED : CANCELLED,
    ].map((share) => random.chance(share));
    const [repeatAfter, cancelAfter] = [
      random.between(0, 3_000),
      random.between(0, isPoison ? 15_000 : 2_000),
    ];
    const payAfter = random.chance(0.5) ? 0 : random.between(0, 500);
    const [order] = await Promise.all([this.#send(key, body), isDoubled && this.#send(key, body)]);
    if (order === undefined) return;
    const { orderId } = order;
    this.accepted.set(orderId, { kind, key, shipTo: body.shipTo });
    const paid = byHand && this.#payByHand(order, byHand, payAfter);
    if (isCancelled) {
      await this.#pause(cancelAfter);
      await this.#cancel(orderId);
    }
    await paid;
    if (isRepeated) {
      await this.#pause(repeatAfter);
      await this.#send(key, body);
    }
  }

  /** Resolves early at the end of the shopping. */
  async #pause(milliseconds: number): Promise<void> {
    await sleep(milliseconds, undefined, { signal: this.#finished.signal }).catch(() => undefined);
  }

  async #beRefused(key: string, { kind, body }: OrderForm): Promise<void> {
    const answer = await this.#untilAnswered(
      `POST /orders with key ${key} (${kind})`,
      (status) => [201, 400, 422].includes(status),
      (status) => status === 409,
      () => this.#post(key, body),
    );
    if (answer?.status === 201) this.problems.push(`an order was accepted with ${kind}`);
    else if (answer) this.#refused++;
  }

  /** Resolves with the order as it was answered. */
  async #send(key: string, body: object): Promise<PlacedOrder | undefined> {
    const answer = await this.#untilAnswered(
      `POST /orders with key ${key}`,
      // 409: the one before is still under way.
      (status) => status === 201,
      (status) => status === 409,
      () => this.#post(key, body),
    );
    const violation = answer && this.#responses.add(key, answer.body);
    if (violation) this.problems.push(violation);
    return answer?.body as PlacedOrder | undefined;
  }

  #post(key: string, body: object): Promise<Answer> {
    return this.stack.post('order', '/orders', body, { 'idempotency-key': key }, REQUEST_TIMEOUT);
  }

  /** As for an order by telephone: while the order goes its own way, its payment is asked for by hand. */
  async #payByHand(
    { orderId, totalAmount, currency }: PlacedOrder,
    { paymentToken }: ByHand,
    after: number,
  ): Promise<void> {
    await this.#pause(after);
    const body = { orderId, userId: USER, amount: totalAmount, currency, paymentToken };
    await this.#untilAnswered(
      `POST /payment of ${orderId}`,
      // 409: the order has ended.
      (status) => [200, 201, 202, 409].includes(status),
      () => false,
      () => this.stack.post('payment', '/payment', body, {}, REQUEST_TIMEOUT),
    );
  }

  async #cancel(orderId: string): Promise<void> {
    const answer = await this.#untilAnswered(
      `PUT /orders/${orderId}/cancel`,
      (status) => status === 200 || status === 409 || status === 404,
      () => false,
      () => this.stack.put('order', `/orders/${orderId}/cancel`, REQUEST_TIMEOUT),
    );
    if (answer?.status === 404) this.problems.push(`${FORGOTTEN} ${orderId}, which was to be cancelled`);
    const order = this.accepted.get(orderId);
    if (!order || !answer || answer.status === 404) return;
    // Who has cancelled once may be answered that it is too late now; cancelled it stays.
    if (order.cancelled !== 200) order.cancelled = answer.status as 200 | 409;
  }

  /** Sends a request until it has an answer that counts; undefined at the end of the shopping. */
  async #untilAnswered(
    name: string,
    counts: (status: number) => boolean,
    isUnderWay: (status: number) => boolean,
    request: () => Promise<Answer>,
  ): Promise<Answer | undefined> {
    const { signal } = this.#finished;
    this.#waiting.set(name, 'none yet');
    for (let failures = 1; !signal.aborted; failures++) {
      const answer = await answered(request(), 2 * REQUEST_TIMEOUT);
      if (answer && counts(answer.status)) {
        this.#waiting.delete(name);
        return answer;
      }
      this.#waiting.set(name, answer ? `${answer.status}` : 'none');
      if (answer && answer.status < 500 && !isUnderWay(answer.status))
        this.problems.push(`${name} answered ${answer.status}`);
      await sleep(backoffDelay(failures, PAUSE), undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  }
}
