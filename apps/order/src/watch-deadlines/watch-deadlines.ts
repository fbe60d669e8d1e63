import { Inject, Injectable } from '@nestjs/common';
import { orderCreated, type Cause, type CloudEvent } from '@orderbridge/contracts';
import { UnitsOfWork, type UnitOfWork } from '@orderbridge/messaging';
import { announce } from '../announce-progress/announce-progress.js';
import { CancelOrder } from '../cancel-order/cancel-order.js';
import {
  awaitedAnswerTo,
  isWaiting,
  whenDue,
  type Deadlines,
  type WaitingStatus,
} from '../domain/fulfilment.js';
import { ORDER_CONFIG, type OrderConfig } from '../order-environment.js';
import { detailsOf } from '../place-order/order-details.js';
import type { OrderEntity } from '../storage/order.entity.js';
import { OrderRepository, type OrderProgress } from '../storage/order.repository.js';
import { ownEntry } from '../storage/own-entry.js';
import { WaitingOrderRepository, type DueOrder } from '../storage/waiting-order.repository.js';
import { overdue } from './overdue-metrics.js';

/** Most orders of one transaction. */
const BATCH = 100;

/** Nudges the orders that are past their deadline, and cancels those that a nudge did not help (design rule 6). */
@Injectable()
export class WatchDeadlines {
  readonly #deadlines: Deadlines;

  constructor(
    private readonly unitsOfWork: UnitsOfWork,
    private readonly orders: OrderRepository,
    private readonly waiting: WaitingOrderRepository,
    private readonly cancelOrder: CancelOrder,
    @Inject(ORDER_CONFIG) config: OrderConfig,
  ) {
    this.#deadlines = {
      PLACED: config.DEADLINE_PLACED_SECONDS * 1_000,
      RESERVED: config.DEADLINE_RESERVED_SECONDS * 1_000,
      PAID: config.DEADLINE_PAID_SECONDS * 1_000,
      FULFILMENT_FAILED: config.DEADLINE_FULFILMENT_FAILED_SECONDS * 1_000,
      CANCELLING: config.DEADLINE_CANCELLING_SECONDS * 1_000,
    };
  }

  /** Looks at the orders that may be past their deadline. Resolves with whether there may be more of them. */
  async look(): Promise<boolean> {
    return this.unitsOfWork.run(async (unit) => {
      const due = await this.waiting.lockDue(unit.manager, BATCH);
      const orders = await this.orders.lock(
        unit.manager,
        due.map(({ orderId }) => orderId),
      );
      for (const one of due) await this.#decide(unit, one, orders.get(one.orderId) as OrderProgress);
      return due.length === BATCH;
    });
  }

  async #decide(unit: UnitOfWork, due: DueOrder, order: OrderProgress): Promise<void> {
    const { orderId, status, cause, since, nudgedAt, now } = due;
    if (!isWaiting(status)) throw new Error(`The order ${orderId} is ${status} and waits for nothing.`);
    const deadline = this.#deadlines[status];
    const decision = whenDue(
      status,
      { since: since.getTime(), nudgedAt: nudgedAt?.getTime() },
      this.#deadlines,
      now.getTime(),
    );
    if (decision.action === 'wait') {
      await this.waiting.lookAgain(unit.manager, [{ orderId, lookAt: new Date(decision.until) }]);
      return;
    }
    const lookAt = new Date(now.getTime() + deadline);
    if (decision.action === 'nudge') {
      await this.#nudge(unit, order, status, cause, deadline);
      await this.waiting.lookAgain(unit.manager, [{ orderId, lookAt, nudgedIn: status }]);
    } else {
      const reason = `TIMEOUT: the order was ${status} for too long.`;
      await this.cancelOrder.cancelLocked(unit, order, reason, cause);
      await this.waiting.lookAgain(unit.manager, [{ orderId, lookAt }]);
    }
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
