import type { Cause } from '@orderbridge/contracts';
import { Injectable } from '@nestjs/common';
import { ASYNCHRONOUS_COMMIT } from '@orderbridge/messaging';
import { InjectRepository } from '@nestjs/typeorm';
import type { EntityManager, Repository } from 'typeorm';
import { statusAfter, type ChargeDecision, type PaymentStatus } from '../domain/payment.js';
import { InvoiceEntity } from './invoice.entity.js';
import { PaymentEntity, type Fulfilment } from './payment.entity.js';

export type NewPayment = Pick<
  PaymentEntity,
  'id' | 'orderId' | 'userId' | 'status' | 'amount' | 'currency' | 'paymentToken' | 'fulfilment' | 'cause'
>;

/** A charge that is due. */
export interface ChargeItem {
  /** Of the payment; idempotency key at the gateway. */
  readonly id: string;
  readonly attempts: number;
  readonly orderId: string;
  readonly amount: number;
  readonly currency: string;
  readonly paymentToken: string;
}

export interface DecidedPayment {
  readonly id: string;
  readonly orderId: string;
  readonly userId: string;
  readonly amount: number;
  readonly currency: string;
  readonly fulfilment: Fulfilment | null;
  readonly cause: Cause;
}

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

  /** An order's payment, locked against all other changes. */
  lockOfOrder(manager: EntityManager, orderId: string): Promise<PaymentEntity | null> {
    return manager.findOne(PaymentEntity, { where: { orderId }, lock: { mode: 'pessimistic_write' } });
  }

  async attachFulfilment(
    manager: EntityManager,
    id: string,
    fulfilment: Fulfilment,
    cause: Cause,
  ): Promise<void> {
    await manager.update(PaymentEntity, { id }, { fulfilment, cause });
  }

  /** See `WorkItemHandlers.take`. A lease that a crash of PostgreSQL forgets costs a second call with the same key. */
  async takeDue(limit: number, lease: number): Promise<ChargeItem[]> {
    const [rows]: [(Omit<ChargeItem, 'amount'> & { amount: string })[], number] = await this.payments.query(
      `WITH ${ASYNCHRONOUS_COMMIT}
       UPDATE payment SET due_at = now() + make_interval(secs => $2 / 1000.0), attempts = attempts + 1
       FROM asynchronous WHERE id IN (
         SELECT id FROM payment WHERE status = 'PENDING' AND due_at <= now()
         ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
       )
       RETURNING id, attempts, order_id AS "orderId", amount, currency, payment_token AS "paymentToken"`,
      [limit, lease],
    );
    return rows.map((row) => ({ ...row, amount: Number(row.amount) }));
  }

  /** See `WorkItemHandlers.postpone`. */
  async postpone(id: string, delay: number): Promise<void> {
    await this.payments.query(
      `UPDATE payment SET due_at = now() + make_interval(secs => $2 / 1000.0) WHERE id = $1 AND status = 'PENDING'`,
      [id, delay],
    );
  }

  /** Writes what the gateway decided about payments that were still PENDING, and returns these. */
  async decide(
    manager: EntityManager,
    decisions: readonly { readonly id: string; readonly decision: ChargeDecision }[],
  ): Promise<DecidedPayment[]> {
    const [rows]: [(Omit<DecidedPayment, 'amount'> & { amount: string })[], number] = await manager.query(
      `UPDATE payment SET status = decided.status, charge_id = decided.charge_id, failure_code = decided.code,
         failure_reason = decided.reason, updated_at = now()
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]) AS decided (id, status, charge_id, code, reason)
       WHERE payment.id = decided.id AND payment.status = 'PENDING'
       RETURNING payment.id, order_id AS "orderId", user_id AS "userId", amount, currency, fulfilment, cause`,
      [
        decisions.map(({ id }) => id),
        decisions.map(({ decision }): PaymentStatus => statusAfter(decision)),
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
