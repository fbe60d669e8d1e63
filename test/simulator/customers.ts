import type { Cause } from '@orderbridge/contracts';
import type { PlaceOrderBody } from '../../apps/order/src/place-order/place-order.schema.js';
import { v7 as uuid } from 'uuid';
import { ProblemException } from '../../libs/service/src/index.js';
import { DECLINED, POISON, REFUSED_AGAIN } from './partners/simulated-gateway.js';
import { CARRIER_FAULTS, UNKNOWN_POSTAL_CODE } from './partners/simulated-carrier.js';
import type { World } from './world.js';

const CUSTOMER = '11111111-1111-4111-8111-111111111111';
const CAUSE: Cause = { correlationId: 'simulation' };
/** Milliseconds after which a customer without an answer asks again. */
const PATIENCE = 3_000;

export const productId = (number: number): string => `aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaa${number}`;
/** Products that customers order at random; a further one, plentiful, is for the orders at the end. */
export const PRODUCTS = [10, 11, 12].map(productId);
export const PLENTIFUL = productId(99);

export interface Wish {
  readonly items: Readonly<Record<string, number>>;
  readonly paymentToken: string;
  readonly postalCode: string;
}

/** What the API answered a customer who cancels. */
export type CancelAnswer = 'cancelled' | 'too late';

/** Customers, who place orders, cancel some, pay some by hand, and ask again when they get no answer. */
export class Customers {
  /** The orders that were accepted, with what was wished. */
  readonly accepted = new Map<string, Wish>();
  /** Orders that were asked to be cancelled. */
  readonly cancelled = new Map<string, CancelAnswer | undefined>();
  #pending = 0;

  constructor(private readonly world: World) {}

  /** Whether every customer has had an answer. */
  get areServed(): boolean {
    return this.#pending === 0;
  }

  /** Somebody orders something at random, some time soon, and may cancel it. */
  comeAtRandom(within: number): void {
    const { random, scheduler } = this.world;
    const items = Object.fromEntries(
      PRODUCTS.filter(() => random.chance(0.5)).map((product) => [product, random.between(1, 4)]),
    );
    if (Object.keys(items).length === 0) items[random.pick(PRODUCTS)] = 1;
    const wish: Wish = {
      items,
      paymentToken: random.chance(0.3)
        ? random.pick([DECLINED, DECLINED, REFUSED_AGAIN, POISON])
        : 'tok_approve',
      postalCode: random.chance(0.5)
        ? '10115'
        : random.pick([UNKNOWN_POSTAL_CODE, ...Object.values(CARRIER_FAULTS)]),
    };
    const byHand = random.chance(0.25)
      ? { paymentToken: random.pick(['tok_approve', 'tok_approve', DECLINED]), after: random.below(3_000) }
      : undefined;
    const regret = random.chance(0.4) ? random.below(random.chance(0.5) ? 500 : 20_000) : undefined;
    this.#pending++;
    scheduler.after(undefined, random.below(within), 'a customer comes', () => {
      this.#pending--;
      this.place(wish, (orderId) => {
        if (byHand) {
          this.#pending++;
          scheduler.after(undefined, byHand.after, 'somebody pays by hand', () => {
            this.#pending--;
            this.payByHand(orderId, byHand.paymentToken);
          });
        }
        if (regret === undefined) return;
        this.#pending++;
        scheduler.after(undefined, regret, 'a customer changes their mind', () => {
          this.#pending--;
          this.cancel(orderId);
        });
      });
    });
  }

  place(wish: Wish, accepted: (orderId: string) => void = () => undefined): void {
    const body: PlaceOrderBody = {
      userId: CUSTOMER,
      items: wish.items,
      paymentToken: wish.paymentToken,
      shipTo: { name: 'N', street: 'S', postalCode: wish.postalCode, city: 'C', country: 'DE' },
    };
    this.#ask(
      ({ placeOrder }) => placeOrder.place(body, CAUSE),
      ({ orderId }) => {
        this.accepted.set(orderId, wish);
        this.world.scheduler.trace.add('customer', `has ordered ${this.world.names.of(orderId)}`);
        accepted(orderId);
      },
      () => undefined,
    );
  }

  /** A payment that is made by hand while the order goes its way. Who gets no answer does not ask again. */
  payByHand(orderId: string, paymentToken: string): void {
    const { scheduler, random, names, order, paymentApis } = this.world;
    const placed = order.tables.orders.rows.get(orderId);
    const apis = [...paymentApis.values()];
    if (!placed || apis.length === 0) return;
    scheduler.trace.add('customer', `pays ${names.of(orderId)} by hand`);
    const { userId, total: amount, currency } = placed;
    random
      .pick(apis)
      .payByHand({
        id: uuid(),
        orderId,
        userId,
        status: 'PENDING',
        amount,
        currency,
        paymentToken,
        fulfilment: null,
        cause: CAUSE,
      })
      .catch(() => undefined);
  }

  cancel(orderId: string): void {
    this.cancelled.set(orderId, undefined);
    const answer = (given: CancelAnswer): void => {
      this.cancelled.set(orderId, given);
      this.world.scheduler.trace.add('customer', `cancels ${this.world.names.of(orderId)}: ${given}`);
    };
    this.#ask(
      ({ cancelOrder }) => cancelOrder.cancel(orderId, 'Cancelled by the customer.', CAUSE),
      () => answer('cancelled'),
      () => answer('too late'),
    );
  }

  /** Asks any process of the order service, again and again until one answers. */
  #ask<Answer>(
    request: (api: World['orderApis'] extends Map<unknown, infer Api> ? Api : never) => Promise<Answer>,
    answered: (answer: Answer) => void,
    refused: () => void,
  ): void {
    const { scheduler, orderApis, random, faults } = this.world;
    this.#pending++;
    let settled = false;
    const settle = (then: () => void): void => {
      if (settled) return;
      settled = true;
      this.#pending--;
      then();
    };
    const attempt = (): void => {
      if (settled) return;
      scheduler.after(undefined, PATIENCE, 'a customer asks again', attempt);
      const apis = [...orderApis.values()];
      if (apis.length === 0) return;
      request(random.pick(apis)).then(
        (answer) => settle(() => answered(answer)),
        (error: Error) => {
          if (error instanceof ProblemException) settle(refused);
          else if (!faults.active) this.world.fail('I3 orders', `A customer got an error: ${error.stack}`);
        },
      );
    };
    attempt();
  }
}
