import { Inject, Injectable } from '@nestjs/common';
import { orderCreated, toMajorUnits, type Cause, type ShipTo } from '@orderbridge/contracts';
import { crashPoint } from '@orderbridge/crash-points';
import {
  CLOCK,
  CommitInDoubtError,
  GroupCommit,
  UnitsOfWork,
  type Clock,
  type UnitOfWork,
} from '@orderbridge/messaging';
import { ProblemException } from '@orderbridge/service';
import { v7 as uuid } from 'uuid';
import {
  priceOrder,
  UnknownProductsError,
  UnpayableOrderError,
  type PricedOrder,
} from '../domain/pricing.js';
import { nextCheckAt, type Deadlines } from '../domain/fulfilment.js';
import { deadlinesOf, ORDER_CONFIG, type OrderConfig } from '../order-environment.js';
import { PriceList } from '../price-list/price-list.js';
import { viewOf, type OrderView } from '../show-orders/order-view.js';
import { OrderRepository, type NewOrder } from '../storage/order.repository.js';
import {
  awaitStored,
  claimKeys,
  isResponseTo,
  legacyHashOf,
  type IdempotencyClaim,
  type StoredResponse,
} from './idempotency.js';
import { detailsOf } from './order-details.js';
import { quantitiesOf, type PlaceOrderBody } from './place-order.schema.js';

interface Intake {
  readonly order: NewOrder;
  readonly response: OrderView;
  readonly claim?: IdempotencyClaim;
}

/** Most orders of one transaction. */
const BATCH = 100;
/** Milliseconds for which an order waits behind others while the database is unavailable; their lock waits take 10 s. */
const PATIENCE_MS = 5_000;

/**
 * Accepts orders: an order, its first timeline entry, its idempotency key and `order.created` commit together, and
 * orders that arrive at the same time commit together, too.
 */
@Injectable()
export class PlaceOrder {
  readonly #intake: GroupCommit<Intake, OrderView>;
  readonly #keysInFlight = new Set<string>();
  readonly #deadlines: Deadlines;

  constructor(
    private readonly unitsOfWork: UnitsOfWork,
    private readonly orders: OrderRepository,
    private readonly priceList: PriceList,
    @Inject(ORDER_CONFIG) private readonly config: OrderConfig,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#deadlines = deadlinesOf(config);
    this.#intake = new GroupCommit((intakes) => this.#commit(intakes), {
      maxItems: BATCH,
      clock,
      patienceMs: PATIENCE_MS,
    });
  }

  /**
   * Resolves with the new order once it is committed; for an idempotency key that was used before, with what the first
   * request got.
   *
   * @throws ProblemException 409 for a wrong amount or a key in use at this moment, 422 for unknown products, a missing
   * address or a key that was used for another request.
   */
  async place(body: PlaceOrderBody, cause: Cause, idempotencyKey?: string): Promise<OrderView> {
    if (idempotencyKey === undefined) return this.#accept(body, cause);
    if (this.#keysInFlight.has(idempotencyKey)) {
      throw new ProblemException({
        status: 409,
        title: 'Request in progress',
        detail: 'A request with this Idempotency-Key is being worked on. Send it again a little later.',
      });
    }
    this.#keysInFlight.add(idempotencyKey);
    try {
      return await this.#accept(body, cause, idempotencyKey);
    } catch (error) {
      if (!(error instanceof RefusedProblem)) throw error;
      // Prices and defaults may have changed since the order was placed: what is stored goes first.
      const stored = await this.#stored(idempotencyKey);
      if (!stored) throw error;
      if (!isResponseTo(stored, body)) throw new KeyReusedProblem();
      return stored.response;
    } finally {
      this.#keysInFlight.delete(idempotencyKey);
    }
  }

  /** What is stored under a key, also by a request that another process is about to commit. */
  async #stored(key: string): Promise<StoredResponse | undefined> {
    const found = new FoundStored();
    await this.unitsOfWork
      .run(async ({ manager }) => {
        found.stored = await awaitStored(manager, key);
        throw found;
      })
      .catch((error: unknown) => {
        if (error !== found) throw error;
      });
    return found.stored;
  }

  async #accept(body: PlaceOrderBody, cause: Cause, idempotencyKey?: string): Promise<OrderView> {
    const quantities = quantitiesOf(body);
    const shipTo = this.#shipTo(body);
    const paymentToken = body.paymentToken ?? this.config.DEFAULT_PAYMENT_TOKEN;
    if (paymentToken === undefined) throw missing('paymentToken', 'how the order is to be paid');
    const claim = idempotencyKey && {
      key: idempotencyKey,
      request: body,
      legacyHash: legacyHashOf(body, shipTo, paymentToken),
    };
    const priced = await this.#price(body, quantities);
    const createdAt = new Date();
    const order: NewOrder = {
      id: uuid(),
      userId: body.userId,
      status: 'PLACED',
      currency: priced.currency,
      total: priced.total,
      lines: [...priced.lines],
      shipTo,
      paymentToken,
      createdAt,
      version: 1,
      lookAt: new Date(nextCheckAt(Infinity, this.#deadlines, createdAt.getTime())),
      cause,
    };
    const response = viewOf({
      ...order,
      reason: null,
      invoiceNumber: null,
      carrier: null,
      trackingNumber: null,
      updatedAt: createdAt,
    });
    return this.#intake.submit({ order, response, ...(claim && { claim }) });
  }

  #shipTo(body: PlaceOrderBody): ShipTo {
    const shipTo = body.shipTo ?? this.config.DEFAULT_SHIP_TO;
    if (shipTo === undefined) throw missing('shipTo', 'where the order is to be sent');
    return shipTo;
  }

  async #price(body: PlaceOrderBody, quantities: ReadonlyMap<string, number>): Promise<PricedOrder> {
    let priced: PricedOrder;
    try {
      priced = priceOrder(quantities, await this.priceList.find(quantities.keys()));
    } catch (error) {
      if (error instanceof UnpayableOrderError) {
        throw new RefusedProblem({
          status: 422,
          title: 'Unpayable order',
          detail: `The order cannot be paid: ${error.message} Change its items. Nothing was stored.`,
          errors: [{ pointer: '/items', detail: error.message }],
        });
      }
      if (!(error instanceof UnknownProductsError)) throw error;
      throw new RefusedProblem({
        status: 422,
        title: 'Unknown product',
        detail: 'The price list does not have every product of the order. Nothing was stored.',
        errors: error.productIds.map((productId) => ({
          pointer: `/items/${productId}`,
          detail: 'Unknown product',
        })),
      });
    }
    const total = toMajorUnits(priced.total);
    for (const name of ['amount', 'totalAmount'] as const) {
      if (body[name] === undefined || body[name] === total) continue;
      throw new RefusedProblem({
        status: 409,
        title: 'Wrong amount',
        detail: `The order costs ${total} ${priced.currency}, not ${body[name]}. Show the customer the right amount and send the order again. Nothing was stored.`,
        errors: [{ pointer: `/${name}`, detail: `must be ${total}` }],
        extensions: { totalAmount: total, currency: priced.currency },
      });
    }
    return priced;
  }

  async #commit(intakes: readonly Intake[]): Promise<OrderView[]> {
    const answers = await this.#write(intakes).catch((error: unknown) => {
      if (!(error instanceof CommitInDoubtError)) throw error;
      // Finds what the first time has left.
      return this.#write(intakes);
    });
    crashPoint('place-order.committed');
    return answers;
  }

  #write(intakes: readonly Intake[]): Promise<OrderView[]> {
    return this.unitsOfWork.run(async (unit) => {
      const stored = await claimKeys(
        unit.manager,
        intakes.flatMap(({ claim, response }) => (claim ? [{ ...claim, response }] : [])),
      );
      const accepted = intakes.filter(({ claim }) => !claim || !stored.has(claim.key));
      if (accepted.length > 0) await this.#store(unit, accepted);
      return intakes.map(({ claim, response }) => {
        const before = claim && stored.get(claim.key);
        if (!before) return response;
        if (!isResponseTo(before, claim.request)) throw new KeyReusedProblem();
        return before.response;
      });
    });
  }

  async #store(unit: UnitOfWork, accepted: readonly Intake[]): Promise<void> {
    const orders = accepted.map(({ order }) => order);
    const inserted = await this.orders.insert(unit.manager, orders);
    const fresh = orders.filter(({ id }) => inserted.has(id));
    await this.orders.insertTimeline(
      unit.manager,
      fresh.map((order) => {
        const { id: messageId, source, type } = unit.send(orderCreated, detailsOf(order), order.cause);
        return {
          orderId: order.id,
          position: 1,
          cause: type,
          status: order.status,
          messageId,
          source,
          occurredAt: order.createdAt,
          detail: null,
        };
      }),
    );
  }
}

/** Rolls its group back; alone, it is the answer to the request that reused the key. */
class KeyReusedProblem extends ProblemException {
  constructor() {
    super({
      status: 422,
      title: 'Idempotency-Key reused',
      detail:
        'This Idempotency-Key was used for another request. Take a new key for a new order. This request stored nothing.',
    });
  }
}

/** Rolls back a transaction that has only looked. */
class FoundStored extends Error {
  stored: StoredResponse | undefined;
}

/** An order that cannot be placed as prices and configuration are now. */
class RefusedProblem extends ProblemException {}

const missing = (field: string, meaning: string): RefusedProblem =>
  new RefusedProblem({
    status: 422,
    title: 'Incomplete order',
    detail: `${field} is missing: ${meaning}. Nothing was stored.`,
    errors: [{ pointer: `/${field}`, detail: 'is required here' }],
  });
