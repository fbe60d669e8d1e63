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
import { In, type EntityManager, type Repository } from 'typeorm';
import { statusAfter, type ChargeDecision, type PaymentStatus } from '../domain/payment.js';
import { InvoiceEntity } from './invoice.entity.js';
import { PaymentEntity, type Fulfilment } from './payment.entity.js';

export type NewPayment = Pick<
  PaymentEntity,
  'id' | 'orderId' | 'userId' | 'status' | 'amount' | 'currency' | 'paymentToken' | 'fulfilment' | 'cause'
>;

/** A charge that is due; its id is the payment's, and idempotency key at the gateway. */
export interface ChargeItem extends WorkItem {
  readonly orderId: string;
  readonly amount: number;
  readonly currency: string;
  readonly paymentToken: string;
  readonly cause: Cause;
}

/** A charge that was set aside. */
export interface ParkedCharge {
  readonly id: string;
  readonly orderId: string;
  readonly amount: number;
  readonly currency: string;
  readonly paymentToken: string;
  readonly cause: Cause;
  readonly wantedSince: Date;
}

/** Whom to tell of a call that is made again later. */
export interface Postponed {
  readonly userId: string;
  readonly cause: Cause;
}

export interface DecidedPayment {
  readonly id: string;
  readonly orderId: string;
  readonly userId: string;
  readonly amount: number;
  readonly currency: string;
  readonly fulfilment: Fulfilment | null;
  readonly cause: Cause;
  readonly cancelled: boolean;
}

const CHARGES = new WorkItemTable({
  table: 'payment',
  status: 'PENDING',
  returning: 'order_id AS "orderId", amount, currency, payment_token AS "paymentToken", cause',
});

/** Payments, their invoices, and the charges that are due. */
@Injectable()
export class PaymentRepository {
  constructor(
    @InjectRepository(PaymentEntity) private readonly payments: Repository<PaymentEntity>,
    @InjectRepository(InvoiceEntity) private readonly invoices: Repository<InvoiceEntity>,
  ) {}

  findOfOrder(orderId: string): Promise<PaymentEntity | null> {
    return this.payments.findOneBy({ orderId });
  }

  invoiceOf(paymentId: string): Promise<InvoiceEntity | null> {
    return this.invoices.findOneBy({ paymentId });
  }

  /** Inserts those payments whose order has none yet; returns the orders that had one. */
  async insert(manager: EntityManager, payments: readonly NewPayment[]): Promise<Set<string>> {
    const inserted: { orderId: string }[] = await manager.query(
      `INSERT INTO payment (id, order_id, user_id, status, amount, currency, payment_token, fulfilment, cause)
       SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::json[],
         $9::json[])
       ON CONFLICT (order_id) DO NOTHING RETURNING order_id AS "orderId"`,
      [
        payments.map(({ id }) => id),
        payments.map(({ orderId }) => orderId),
        payments.map(({ userId }) => userId),
        payments.map(({ status }) => status),
        payments.map(({ amount }) => amount),
        payments.map(({ currency }) => currency),
        payments.map(({ paymentToken }) => paymentToken),
        payments.map(({ fulfilment }) => fulfilment && JSON.stringify(fulfilment)),
        payments.map(({ cause }) => JSON.stringify(cause)),
      ],
    );
    const fresh = new Set(inserted.map(({ orderId }) => orderId));
    return new Set(payments.map(({ orderId }) => orderId).filter((orderId) => !fresh.has(orderId)));
  }

  /** The payments that orders have, locked against all other changes. */
  lockOfOrders(manager: EntityManager, orderIds: readonly string[]): Promise<PaymentEntity[]> {
    return manager.find(PaymentEntity, {
      where: { orderId: In([...orderIds]) },
      order: { id: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
  }

  /** Marks a payment as cancelled. What is to be refunded is due at once. */
  async cancel(manager: EntityManager, id: string, status: PaymentStatus, cause: Cause): Promise<void> {
    await manager.query(
      `UPDATE payment SET status = $2, cancelled = true, cause = $3, updated_at = now(),
         attempts = CASE WHEN $2 = 'REFUNDING' AND status <> $2 THEN 0 ELSE attempts END,
         retrying = retrying AND NOT ($2 = 'REFUNDING' AND status <> $2),
         item_failures = CASE WHEN $2 = 'REFUNDING' AND status <> $2 THEN 0 ELSE item_failures END,
         due_at = CASE WHEN $2 = 'REFUNDING' AND status <> $2 THEN now() ELSE due_at END
       WHERE id = $1`,
      [id, status, JSON.stringify(cause)],
    );
  }

  async attachFulfilment(
    manager: EntityManager,
    id: string,
    fulfilment: Fulfilment,
    cause: Cause,
  ): Promise<void> {
    await manager.update(PaymentEntity, { id }, { fulfilment, cause });
  }

  /** See `WorkItemTable.take`. On disk before the gateway is asked: only a payment without attempts can be closed. */
  async takeDue(request: TakeRequest): Promise<ChargeItem[]> {
    const [rows]: [(Omit<ChargeItem, 'amount'> & { amount: string })[], number] = await this.payments.query(
      ...CHARGES.take(request),
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
      ...CHARGES.postpone(item, postponement, 'user_id AS "userId", cause'),
    );
    return row;
  }

  /** Sets a charge aside, see `WorkItemTable.park`. */
  async park(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    itemFailures: number,
  ): Promise<ParkedCharge | undefined> {
    const [rows]: [(Omit<ParkedCharge, 'amount'> & { amount: string })[], number] = await manager.query(
      ...CHARGES.park(
        item,
        itemFailures,
        'id, order_id AS "orderId", amount, currency, payment_token AS "paymentToken", cause, created_at AS "wantedSince"',
      ),
    );
    return rows[0] && { ...rows[0], amount: Number(rows[0].amount) };
  }

  /** Makes charges due again that were set aside. */
  async resume(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    await manager.query(...CHARGES.resume(orderIds));
  }

  /** See `WorkItemHandlers.backlog`. */
  async backlog(): Promise<Backlog> {
    const rows: Backlog[] = await this.payments.query(CHARGES.backlog('created_at'));
    return rows[0] as Backlog;
  }

  /** Writes what the gateway decided about payments that were still PENDING, and returns these. */
  async decide(
    manager: EntityManager,
    decisions: readonly { readonly id: string; readonly decision: ChargeDecision }[],
  ): Promise<DecidedPayment[]> {
    const [rows]: [(Omit<DecidedPayment, 'amount'> & { amount: string })[], number] = await manager.query(
      `UPDATE payment SET status = CASE WHEN cancelled THEN decided.status_if_cancelled ELSE decided.status END,
         attempts = CASE WHEN cancelled THEN 0 ELSE attempts END, due_at = CASE WHEN cancelled THEN now() ELSE due_at END,
         retrying = false, item_failures = 0,
         charge_id = decided.charge_id, failure_code = decided.code, failure_reason = decided.reason, updated_at = now()
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
         AS decided (id, status, status_if_cancelled, charge_id, code, reason)
       WHERE payment.id = decided.id AND payment.status = 'PENDING'
       RETURNING payment.id, order_id AS "orderId", user_id AS "userId", amount, currency, fulfilment, cause, cancelled`,
      [
        decisions.map(({ id }) => id),
        decisions.map(({ decision }): PaymentStatus => statusAfter(decision, false)),
        decisions.map(({ decision }): PaymentStatus => statusAfter(decision, true)),
        decisions.map(({ decision }) => (decision.approved ? decision.chargeId : null)),
        decisions.map(({ decision }) => (decision.approved ? null : decision.code)),
        decisions.map(({ decision }) => (decision.approved ? null : decision.reason)),
      ],
    );
    return rows.map((row) => ({ ...row, amount: Number(row.amount) }));
  }

  /** Writes one invoice for each payment and returns their numbers, by payment. */
  async issueInvoices(
    manager: EntityManager,
    payments: readonly DecidedPayment[],
  ): Promise<Map<string, string>> {
    if (payments.length === 0) return new Map();
    const rows: { paymentId: string; number: string }[] = await manager.query(
      `INSERT INTO invoice (number, payment_id, amount, currency, lines)
       SELECT 'INV-' || to_char(now(), 'YYYY') || '-' || lpad(nextval('invoice_number')::text, 8, '0'), id, amount, currency, lines
       FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::json[]) AS paid (id, amount, currency, lines)
       RETURNING payment_id AS "paymentId", number`,
      [
        payments.map(({ id }) => id),
        payments.map(({ amount }) => amount),
        payments.map(({ currency }) => currency),
        payments.map(({ fulfilment }) => JSON.stringify(fulfilment?.lines ?? [])),
      ],
    );
    return new Map(rows.map(({ paymentId, number }) => [paymentId, number]));
  }
}
