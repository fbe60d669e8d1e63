import { Injectable } from '@nestjs/common';
import type { Cause, CloudEvent } from '@orderbridge/contracts';
import { crashPoint } from '@orderbridge/crash-points';
import { UnitsOfWork, type UnitOfWork } from '@orderbridge/messaging';
import { ProblemException } from '@orderbridge/service';
import { announceProgress } from '../announce-progress/announce-progress.js';
import { cancel, NotCancellableError, type Fulfilment } from '../domain/fulfilment.js';
import { unknownOrder } from '../show-orders/unknown-order.js';
import type { OrderEntity } from '../storage/order.entity.js';
import { OrderRepository, type OrderProgress } from '../storage/order.repository.js';
import { ownEntry } from '../storage/own-entry.js';

/** Cancels orders that have not been shipped: announces that what was done for them is to be undone. */
@Injectable()
export class CancelOrder {
  constructor(
    private readonly orders: OrderRepository,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  /**
   * Resolves with the order when the cancellation is committed; it is CANCELLED once everything is undone. An order that
   * was cancelled before stays as it is.
   *
   * @throws ProblemException 404 for an unknown order, 409 with its status for one that cannot be cancelled.
   */
  async cancel(orderId: string, reason: string, cause: Cause): Promise<OrderEntity> {
    await this.unitsOfWork.run(async (unit) => {
      const order = (await this.orders.lock(unit.manager, [orderId])).get(orderId);
      if (!order) throw unknownOrder(orderId);
      await this.cancelLocked(unit, order, reason, cause);
    });
    crashPoint('cancel-order.committed');
    return (await this.orders.find(orderId)) as OrderEntity;
  }

  /**
   * The same within a transaction that has locked the order.
   *
   * @throws ProblemException 409 with its status for an order that cannot be cancelled.
   */
  async cancelLocked(unit: UnitOfWork, order: OrderProgress, reason: string, cause: Cause): Promise<void> {
    const cancelled = decide(order);
    if (cancelled.status === order.status) return;
    const changed = { ...order, ...cancelled, reason, version: order.version + 1 };
    const event = announceProgress(unit, order, changed, cause) as CloudEvent;
    await this.orders.update(unit.manager, [changed]);
    await this.orders.insertTimeline(unit.manager, [
      ownEntry(event, { position: changed.version, status: changed.status, detail: reason }),
    ]);
  }
}

function decide(order: OrderProgress): Fulfilment {
  try {
    return cancel(order);
  } catch (error) {
    if (!(error instanceof NotCancellableError)) throw error;
    throw new ProblemException({
      status: 409,
      title: 'Too late to cancel',
      detail: `${error.message} Nothing was changed.`,
      extensions: { orderStatus: order.status },
    });
  }
}
