import { Inject, Injectable, Logger } from '@nestjs/common';
import { orderCreated, type Cause, type CloudEvent } from '@orderbridge/contracts';
import {
  backoffDelay,
  CommitInDoubtError,
  isTransient,
  UnitsOfWork,
  type UnitOfWork,
} from '@orderbridge/messaging';
import { announce } from '../announce-progress/announce-progress.js';
import { CancelOrder } from '../cancel-order/cancel-order.js';
import {
  awaitedAnswerTo,
  isWaiting,
  nextCheckAt,
  whenDue,
  type Deadlines,
  type WaitingStatus,
} from '../domain/fulfilment.js';
import { deadlinesOf, ORDER_CONFIG, type OrderConfig } from '../order-environment.js';
import { detailsOf } from '../place-order/order-details.js';
import type { OrderEntity } from '../storage/order.entity.js';
import { OrderRepository, type OrderProgress } from '../storage/order.repository.js';
import { ownEntry } from '../storage/own-entry.js';
import { WaitingOrderRepository, type DueOrder } from '../storage/waiting-order.repository.js';
import { overdue, undecided } from './overdue-metrics.js';

/** Most orders of one transaction. */
const BATCH = 100;
/** Milliseconds for which an order that cannot be decided is put behind the others. */
const BACKOFF = { initial: 60_000, max: 3_600_000 };

/** Nudges the orders that are past their deadline, and cancels those that a nudge did not help (design rule 6). */
@Injectable()
export class WatchDeadlines {
  readonly #logger = new Logger(WatchDeadlines.name);
  readonly #deadlines: Deadlines;

  constructor(
    private readonly unitsOfWork: UnitsOfWork,
    private readonly orders: OrderRepository,
    private readonly waiting: WaitingOrderRepository,
    private readonly cancelOrder: CancelOrder,
    @Inject(ORDER_CONFIG) config: OrderConfig,
  ) {
    this.#deadlines = deadlinesOf(config);
  }

  /**
   * Looks at the orders that may be past their deadline. Resolves with whether there may be more of them. When a batch
   * fails each of its orders is looked at alone: one that cannot be decided is counted, and put behind the others.
   */
  async look(): Promise<boolean> {
    let batch: readonly DueOrder[] = [];
    try {
      return await this.unitsOfWork.run(async (unit) => {
        batch = await this.waiting.lockDue(unit.manager, BATCH);
        await this.#decideAll(unit, batch);
        return batch.length === BATCH;
      });
    } catch (error) {
      if (isTransient(error) || error instanceof CommitInDoubtError || batch.length === 0) throw error;
      for (const due of batch) await this.#lookAtOne(due);
      return batch.length === BATCH;
    }
  }

  async #lookAtOne({ orderId, failures }: DueOrder): Promise<void> {
    try {
      await this.unitsOfWork.run(async (unit) =>
        this.#decideAll(unit, await this.waiting.lockDue(unit.manager, 1, [orderId])),
      );
    } catch (error) {
      if (isTransient(error) || error instanceof CommitInDoubtError) throw error;
      undecided.inc();
      this.#logger.error({ err: error, orderId, message: 'The deadline of an order could not be decided' });
      const delayMs = backoffDelay(failures + 1, BACKOFF);
      await this.unitsOfWork.run(({ manager }) => this.waiting.putBehind(manager, orderId, delayMs));
    }
  }

  async #decideAll(unit: UnitOfWork, due: readonly DueOrder[]): Promise<void> {
    if (due.length === 0) return;
    const orderIds = due.map(({ orderId }) => orderId);
    const orders = await this.orders.lock(unit.manager, orderIds);
    const since = await this.waiting.since(unit.manager, orderIds);
    for (const one of due)
      await this.#decide(unit, one, orders.get(one.orderId) as OrderProgress, since.get(one.orderId));
  }

  async #decide(
    unit: UnitOfWork,
    due: DueOrder,
    order: OrderProgress,
    since: Date | undefined,
  ): Promise<void> {
    const { orderId, cause, nudgedIn, nudgedAt, now } = due;
    const { status } = order;
    if (!isWaiting(status)) {
      await this.waiting.forget(unit.manager, [orderId]);
      return;
    }
    if (!since)
      throw new Error(`The timeline of the order ${orderId} does not say since when it is ${status}.`);
    const deadline = this.#deadlines[status];
    const decision = whenDue(
      status,
      {
        since: since.getTime(),
        nudgedAt: nudgedAt && nudgedIn === status ? nudgedAt.getTime() : undefined,
      },
      this.#deadlines,
      now.getTime(),
    );
    const until = decision.action === 'wait' ? decision.until : now.getTime() + deadline;
    const lookAt = new Date(nextCheckAt(until, this.#deadlines, now.getTime()));
    if (decision.action === 'nudge') await this.#nudge(unit, order, status, cause, deadline);
    if (decision.action === 'time out') {
      const reason = `TIMEOUT: the order was ${status} for too long.`;
      await this.cancelOrder.cancelLocked(unit, order, reason, cause);
    }
    const nudged = decision.action === 'nudge' && { nudgedIn: status };
    await this.waiting.lookAgain(unit.manager, [{ orderId, lookAt, ...nudged }]);
    if (decision.action === 'wait') return;
    unit.afterCommit(() => overdue.inc({ status, action: decision.action }));
  }

  /** Sends again the event that the order waits for an answer to, as a new message. */
  async #nudge(
    unit: UnitOfWork,
    order: OrderProgress,
    status: WaitingStatus,
    cause: Cause,
    deadline: number,
  ): Promise<void> {
    const event = await this.#sendAgain(unit, order, status, cause);
    const version = order.version + 1;
    await this.orders.update(unit.manager, [{ ...order, version }]);
    const detail = `Sent again: nothing was heard for ${deadline / 1_000} s.`;
    await this.orders.insertTimeline(unit.manager, [ownEntry(event, { position: version, status, detail })]);
  }

  async #sendAgain(
    unit: UnitOfWork,
    order: OrderProgress,
    status: WaitingStatus,
    cause: Cause,
  ): Promise<CloudEvent> {
    const awaited = awaitedAnswerTo({ ...order, status });
    if (awaited !== 'order.created') return announce(unit, awaited, order, status, cause);
    const entity = (await this.orders.find(order.id, unit.manager)) as OrderEntity;
    return unit.send(orderCreated, detailsOf(entity), cause);
  }
}
