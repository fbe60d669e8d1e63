import type { Cause } from '@orderbridge/contracts';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import {
  WorkItemTable,
  type Backlog,
  type Postponement,
  type TakeRequest,
  type WorkItem,
} from '@orderbridge/work-items';
import type { EntityManager, Repository } from 'typeorm';
import { PaymentEntity } from './payment.entity.js';
import type { Postponed } from './payment.repository.js';

/** A refund that is due; its id is the payment's. */
export interface RefundItem extends WorkItem {
  /** Idempotency key at the gateway. */
  readonly refundKey: string;
  readonly orderId: string;
  readonly chargeId: string;
  readonly amount: number;
  readonly currency: string;
  readonly cause: Cause;
}

/** A refund that was set aside. */
export interface ParkedRefund {
  readonly id: string;
  readonly orderId: string;
  readonly amount: number;
  readonly currency: string;
  readonly cause: Cause;
  readonly wantedSince: Date;
}

export interface RefundedPayment {
  readonly id: string;
  readonly orderId: string;
  readonly userId: string;
  readonly amount: number;
  readonly currency: string;
  readonly refundId: string;
  readonly cause: Cause;
}

/** Id of a refund that an operator has made without the gateway. */
export const BY_HAND = 'by-hand';

const REFUNDS = new WorkItemTable({
  table: 'payment',
  status: 'REFUNDING',
  // Payments without a charge key are of earlier versions.
  returning: `order_id AS "orderId", charge_id AS "chargeId", amount, currency, cause,
    'refund-' || CASE WHEN charge_key IS NULL THEN id ELSE order_id END AS "refundKey"`,
  asynchronous: true,
});

/** The refunds that are due: payments in the status REFUNDING. */
@Injectable()
export class RefundRepository {
  constructor(@InjectRepository(PaymentEntity) private readonly payments: Repository<PaymentEntity>) {}

  /**
   * Makes the refunds of charged orders due, and returns these orders. A payment that is not charged, or refunded before,
   * stays as it is.
   */
  async request(
    manager: EntityManager,
    refunds: readonly { readonly orderId: string; readonly cause: Cause }[],
  ): Promise<Set<string>> {
    const [rows]: [{ orderId: string }[], number] = await manager.query(
      `UPDATE payment SET status = 'REFUNDING', cause = wanted.cause, attempts = 0, due_at = now(), updated_at = now(),
         retrying = false, item_failures = 0
       FROM unnest($1::uuid[], $2::json[]) AS wanted (order_id, cause)
       WHERE payment.order_id = wanted.order_id AND payment.status = 'SUCCEEDED'
       RETURNING payment.order_id AS "orderId"`,
      [refunds.map(({ orderId }) => orderId), refunds.map(({ cause }) => JSON.stringify(cause))],
    );
    return new Set(rows.map(({ orderId }) => orderId));
  }

  /** See `WorkItemTable.take`. A lease that a crash of PostgreSQL forgets costs a second call with the same key. */
  async takeDue(request: TakeRequest): Promise<RefundItem[]> {
    const [rows]: [(Omit<RefundItem, 'amount'> & { amount: string })[], number] = await this.payments.query(
      ...REFUNDS.take(request),
    );
    return rows.map((row) => ({ ...row, amount: Number(row.amount) }));
  }

  /** See `WorkItemTable.postpone`. */
  async postpone(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    postponement: Postponement,
  ): Promise<Postponed | undefined> {
    const [[row]]: [Postponed[], number] = await manager.query(
      ...REFUNDS.postpone(item, postponement, 'user_id AS "userId", cause'),
    );
    return row;
  }

  /** Sets a refund aside, see `WorkItemTable.park`. */
  async park(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    itemFailures: number,
  ): Promise<ParkedRefund | undefined> {
    const [rows]: [(Omit<ParkedRefund, 'amount'> & { amount: string })[], number] = await manager.query(
      ...REFUNDS.park(
        item,
        itemFailures,
        'id, order_id AS "orderId", amount, currency, cause, updated_at AS "wantedSince"',
      ),
    );
    return rows[0] && { ...rows[0], amount: Number(rows[0].amount) };
  }

  /** Makes refunds due again that were set aside. */
  async resume(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    await manager.query(...REFUNDS.resume(orderIds));
  }

  /** Counts parked refunds as made by hand, and returns them. */
  async giveUp(manager: EntityManager, orderIds: readonly string[]): Promise<RefundedPayment[]> {
    const [rows]: [(Omit<RefundedPayment, 'amount'> & { amount: string })[], number] = await manager.query(
      `UPDATE payment SET status = 'REFUNDED', refund_id = '${BY_HAND}', updated_at = now()
       WHERE order_id = ANY($1::uuid[]) AND status = 'REFUNDING' AND due_at = 'infinity'
       RETURNING id, order_id AS "orderId", user_id AS "userId", amount, currency, refund_id AS "refundId", cause`,
      [orderIds],
    );
    return rows.map((row) => ({ ...row, amount: Number(row.amount) }));
  }

  /** See `WorkItemHandlers.backlog`. */
  async backlog(): Promise<Backlog> {
    const rows: Backlog[] = await this.payments.query(REFUNDS.backlog('updated_at'));
    return rows[0] as Backlog;
  }

  /** Writes the gateway's refunds of payments that were still REFUNDING, and returns these. */
  async complete(
    manager: EntityManager,
    refunds: readonly { readonly id: string; readonly refundId: string }[],
  ): Promise<RefundedPayment[]> {
    const [rows]: [(Omit<RefundedPayment, 'amount'> & { amount: string })[], number] = await manager.query(
      `UPDATE payment SET status = 'REFUNDED', refund_id = refunded.refund_id, updated_at = now()
       FROM unnest($1::uuid[], $2::text[]) AS refunded (id, refund_id)
       WHERE payment.id = refunded.id AND payment.status = 'REFUNDING'
       RETURNING payment.id, order_id AS "orderId", user_id AS "userId", amount, currency, payment.refund_id AS "refundId", cause`,
      [refunds.map(({ id }) => id), refunds.map(({ refundId }) => refundId)],
    );
    return rows.map((row) => ({ ...row, amount: Number(row.amount) }));
  }
}
