import type { Cause } from '@orderbridge/contracts';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import {
  MAX_ITEM_FAILURES,
  WorkItemTable,
  type Backlog,
  type Postponement,
  type TakeRequest,
  type WorkItem,
} from '@orderbridge/work-items';
import { In, type EntityManager, type Repository } from 'typeorm';
import { chargeKeyOf } from '../domain/charge-key.js';
import { statusAfter, type ChargeDecision, type PaymentStatus } from '../domain/payment.js';
import { InvoiceEntity } from './invoice.entity.js';
import { PaymentEntity, type Fulfilment } from './payment.entity.js';

export type NewPayment = Pick<
  PaymentEntity,
  'id' | 'orderId' | 'userId' | 'status' | 'amount' | 'currency' | 'paymentToken' | 'fulfilment' | 'cause'
>;

/** A charge that is due; its id is the payment's. */
export interface ChargeItem extends WorkItem {
  /** Idempotency key at the gateway. */
  readonly chargeKey: string;
  /** Its order was cancelled or rejected. */
  readonly cancelled: boolean;
  /** An operator has given it up. */
  readonly givenUp: boolean;
  /** The order is paid already: the charge is to be found, and not to be made. */
  readonly paidBefore: boolean;
  readonly orderId: string;
  readonly amount: number;
  readonly currency: string;
  readonly paymentToken: string;
  readonly cause: Cause;
}

/** What an invoice says. */
export type InvoicedPayment = Pick<DecidedPayment, 'id' | 'amount' | 'currency' | 'fulfilment'>;

/** A charge that was set aside. */
export interface ParkedCharge {
  readonly id: string;
  readonly orderId: string;
  readonly amount: number;
  readonly currency: string;
  readonly paymentToken: string;
  readonly cause: Cause;
  readonly wantedSince: Date;
  /** Nobody has to decide: its order was cancelled or rejected, or it was given up. */
  readonly isOver: boolean;
}

/** What an operator has decided about a parked charge. */
export interface ChargeDirective {
  readonly orderId: string;
  readonly paymentToken: string;
  readonly givesUp: boolean;
}

/**
 * Milliseconds after which a request without an answer is no longer acted on: what the gateway says it has not done until
 * then, it has not done.
 */
export const IN_FLIGHT_MS = 60_000;

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
  readonly givenUp: boolean;
  /** The charge was made before, and is adopted. */
  readonly paidBefore: boolean;
}

const CHARGES = new WorkItemTable({
  table: 'payment',
  status: 'PENDING',
  returning: `order_id AS "orderId", amount, currency, payment_token AS "paymentToken", cause, cancelled,
    coalesce(charge_key, id::text) AS "chargeKey", given_up AS "givenUp",
    paid_before AS "paidBefore"`,
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

  /** With the transaction's manager where there is one, so that it needs no second connection. */
  invoiceOf(paymentId: string, manager?: EntityManager): Promise<InvoiceEntity | null> {
    return manager ? manager.findOneBy(InvoiceEntity, { paymentId }) : this.invoices.findOneBy({ paymentId });
  }

  /** Inserts those payments whose order has none yet; returns the orders that had one. */
  async insert(manager: EntityManager, payments: readonly NewPayment[]): Promise<Set<string>> {
    const inserted: { orderId: string }[] = await manager.query(
      `INSERT INTO payment (id, order_id, user_id, status, amount, currency, payment_token, fulfilment, cause,
         charge_key)
       SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::json[],
         $9::json[], $10::text[])
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
        payments.map(({ orderId }) => chargeKeyOf(orderId)),
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

  /** Marks a payment as cancelled. What is to be refunded is due at once; what is parked is looked up. */
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
    if (status === 'PENDING') await this.lookUpParked(manager, [id]);
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
        'id, order_id AS "orderId", amount, currency, payment_token AS "paymentToken", cause, created_at AS "wantedSince", cancelled OR given_up AS "isOver"',
      ),
    );
    return rows[0] && { ...rows[0], amount: Number(rows[0].amount) };
  }

  /** Lets what was charged for parked payments be looked up, once no request for them can be in flight any more. */
  async lookUpParked(manager: EntityManager, ids: readonly string[]): Promise<void> {
    await manager.query(
      `UPDATE payment SET due_at = now() + make_interval(secs => $2 / 1000.0), item_failures = $3
       WHERE id = ANY($1::uuid[]) AND status = 'PENDING' AND due_at = 'infinity'`,
      [ids, IN_FLIGHT_MS, MAX_ITEM_FAILURES],
    );
  }

  /**
   * Makes parked charges due again, with the token that was edited, also those that ought to have been found; or has what
   * was charged looked up, where they are given up.
   */
  async resume(manager: EntityManager, directives: readonly ChargeDirective[]): Promise<void> {
    const [rows]: [{ id: string }[], number] = await manager.query(
      `UPDATE payment SET given_up = wanted.gives_up, paid_before = false, item_failures = 0, updated_at = now(),
         due_at = CASE WHEN wanted.gives_up THEN due_at ELSE now() END,
         charge_key = CASE WHEN payment_token IS DISTINCT FROM wanted.token THEN wanted.key ELSE charge_key END,
         payment_token = wanted.token
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[]) AS wanted (order_id, token, key, gives_up)
       WHERE payment.order_id = wanted.order_id AND status = 'PENDING' AND due_at = 'infinity'
       RETURNING payment.id`,
      [
        directives.map(({ orderId }) => orderId),
        directives.map(({ paymentToken }) => paymentToken),
        directives.map(({ orderId, paymentToken }) => chargeKeyOf(orderId, paymentToken)),
        directives.map(({ givesUp }) => givesUp),
      ],
    );
    await this.lookUpParked(
      manager,
      rows.map(({ id }) => id),
    );
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
      `UPDATE payment SET status = CASE WHEN cancelled OR given_up THEN decided.status_if_over ELSE decided.status END,
         attempts = CASE WHEN cancelled OR given_up THEN 0 ELSE attempts END,
         due_at = CASE WHEN cancelled OR given_up THEN now() ELSE due_at END,
         retrying = false, item_failures = 0, charge_id = decided.charge_id, refund_id = decided.refund_id,
         failure_code = decided.code, failure_reason = decided.reason, updated_at = now()
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
         AS decided (id, status, status_if_over, charge_id, refund_id, code, reason)
       WHERE payment.id = decided.id AND payment.status = 'PENDING'
       RETURNING payment.id, order_id AS "orderId", user_id AS "userId", amount, currency, fulfilment, cause, cancelled,
         given_up AS "givenUp", paid_before AS "paidBefore"`,
      [
        decisions.map(({ id }) => id),
        decisions.map(({ decision }): PaymentStatus => statusAfter(decision, false)),
        decisions.map(({ decision }): PaymentStatus => statusAfter(decision, true)),
        decisions.map(({ decision }) => (decision.approved ? decision.chargeId : null)),
        decisions.map(({ decision }) => (decision.approved ? (decision.refundId ?? null) : null)),
        decisions.map(({ decision }) => (decision.approved ? null : decision.code)),
        decisions.map(({ decision }) => (decision.approved ? null : decision.reason)),
      ],
    );
    return rows.map((row) => ({ ...row, amount: Number(row.amount) }));
  }

  /** Writes one invoice for each payment that has none, and returns their numbers, by payment. */
  async issueInvoices(
    manager: EntityManager,
    payments: readonly InvoicedPayment[],
  ): Promise<Map<string, string>> {
    if (payments.length === 0) return new Map();
    const rows: { paymentId: string; number: string }[] = await manager.query(
      `INSERT INTO invoice (number, payment_id, amount, currency, lines)
       SELECT 'INV-' || to_char(now(), 'YYYY') || '-' || lpad(nextval('invoice_number')::text, 8, '0'), id, amount, currency, lines
       FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::json[]) AS paid (id, amount, currency, lines)
       ON CONFLICT (payment_id) DO UPDATE SET payment_id = excluded.payment_id
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
