import type { Cause } from '@orderbridge/contracts';
import { Injectable } from '@nestjs/common';
import { ASYNCHRONOUS_COMMIT } from '@orderbridge/messaging';
import { InjectRepository } from '@nestjs/typeorm';
import type { Backlog } from '@orderbridge/work-items';
import type { EntityManager, Repository } from 'typeorm';
import { PaymentEntity } from './payment.entity.js';

import type { Postponed } from './payment.repository.js';

/** A refund that is due. */
export interface RefundItem {
  /** Of the payment; with a prefix the idempotency key at the gateway. */
  readonly id: string;
  readonly attempts: number;
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
      `UPDATE payment SET status = 'REFUNDING', cause = wanted.cause, attempts = 0, due_at = now(), updated_at = now()
       FROM unnest($1::uuid[], $2::json[]) AS wanted (order_id, cause)
       WHERE payment.order_id = wanted.order_id AND payment.status = 'SUCCEEDED'
       RETURNING payment.order_id AS "orderId"`,
      [refunds.map(({ orderId }) => orderId), refunds.map(({ cause }) => JSON.stringify(cause))],
    );
    return new Set(rows.map(({ orderId }) => orderId));
  }

  /** See `WorkItemHandlers.take`. A lease that a crash of PostgreSQL forgets costs a second call with the same key. */
  async takeDue(limit: number, lease: number): Promise<RefundItem[]> {
    const [rows]: [(Omit<RefundItem, 'amount'> & { amount: string })[], number] = await this.payments.query(
      `WITH ${ASYNCHRONOUS_COMMIT}
       UPDATE payment SET due_at = now() + make_interval(secs => $2 / 1000.0), attempts = attempts + 1
       FROM asynchronous WHERE id IN (
         SELECT id FROM payment WHERE status = 'REFUNDING' AND due_at <= now()
         ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
       )
       RETURNING id, attempts, order_id AS "orderId", charge_id AS "chargeId", amount, currency, cause`,
      [limit, lease],
    );
    return rows.map((row) => ({ ...row, amount: Number(row.amount) }));
  }

  /** See `WorkItemHandlers.postpone`. Undefined when the payment is REFUNDING no more. */
  async postpone(manager: EntityManager, id: string, delay: number): Promise<Postponed | undefined> {
    const [[row]]: [Postponed[], number] = await manager.query(
      `UPDATE payment SET due_at = now() + make_interval(secs => $2 / 1000.0) WHERE id = $1 AND status = 'REFUNDING'
       RETURNING user_id AS "userId", cause`,
      [id, delay],
    );
    return row;
  }

  /** Sets a refund aside until it is resumed; undefined when it is already, or is no longer wanted. */
  async park(manager: EntityManager, id: string): Promise<ParkedRefund | undefined> {
    const [rows]: [(Omit<ParkedRefund, 'amount'> & { amount: string })[], number] = await manager.query(
      `UPDATE payment SET due_at = 'infinity'
       WHERE id = $1 AND status = 'REFUNDING' AND due_at < 'infinity'
       RETURNING id, order_id AS "orderId", amount, currency, cause, updated_at AS "wantedSince"`,
      [id],
    );
    return rows[0] && { ...rows[0], amount: Number(rows[0].amount) };
  }

  /** Makes refunds due again that were set aside. */
  async resume(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    await manager.query(
      `UPDATE payment SET due_at = now(), attempts = 0, updated_at = now()
       WHERE order_id = ANY($1::uuid[]) AND status = 'REFUNDING' AND due_at = 'infinity'`,
      [orderIds],
    );
  }

  /** See `WorkItemHandlers.backlog`. */
  async backlog(): Promise<Backlog> {
    const rows: Backlog[] = await this.payments.query(
      `SELECT count(*)::integer AS items, coalesce(extract(epoch FROM now() - min(updated_at)), 0)::float AS "oldestSeconds"
       FROM payment WHERE status = 'REFUNDING' AND due_at < 'infinity'`,
    );
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
