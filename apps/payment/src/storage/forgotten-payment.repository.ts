import { Injectable } from '@nestjs/common';
import { MAX_ITEM_FAILURES } from '@orderbridge/work-items';
import type { EntityManager } from 'typeorm';
import { chargeKeyOf } from '../domain/charge-key.js';
import type { NewPayment } from './payment.repository.js';

/** User of payments whose order does not exist: nobody hears of them. */
export const NOBODY = '00000000-0000-0000-0000-000000000000';

/** What becomes of a payment that is made again: see `Expectation`. */
export interface ForgottenPayment extends Omit<NewPayment, 'status'> {
  readonly expectation: Expectation;
}

/**
 * What the gateway is expected to have. In each case it is asked before anything is charged.
 * - `charge or none`: the order waits for its payment; it is charged where it was not.
 * - `charge`: the order is paid; where there is no charge a person must decide.
 * - `none`: the order has ended; what was charged is refunded.
 */
export type Expectation = 'charge or none' | 'charge' | 'none';

/** Payments that a restored database has forgotten: they are made again, and the gateway is asked what it has of them. */
@Injectable()
export class ForgottenPaymentRepository {
  /** Makes an order's payment again, also where there is one that says that nothing was charged. */
  async remember(manager: EntityManager, payment: ForgottenPayment): Promise<void> {
    const { id, orderId, userId, amount, currency, paymentToken, fulfilment, cause, expectation } = payment;
    await manager.query(
      `INSERT INTO payment (id, order_id, user_id, status, amount, currency, payment_token, fulfilment, cause, charge_key,
         attempts, retrying, item_failures, cancelled, paid_before)
       VALUES ($1, $2, $3, 'PENDING', $4, $5, $6, $7, $8, $9, 1, true, $10, $11, $12)
       ON CONFLICT (order_id) DO UPDATE SET status = 'PENDING', attempts = greatest(payment.attempts, 1),
         retrying = true, item_failures = excluded.item_failures, cancelled = excluded.cancelled, given_up = false,
         paid_before = excluded.paid_before, fulfilment = excluded.fulfilment, cause = excluded.cause,
         payment_token = excluded.payment_token, failure_code = NULL, failure_reason = NULL, due_at = now(),
         updated_at = now()
       WHERE payment.status IN ('UNPAID', 'FAILED')`,
      [
        id,
        orderId,
        userId,
        amount,
        currency,
        paymentToken,
        fulfilment && JSON.stringify(fulfilment),
        JSON.stringify(cause),
        chargeKeyOf(orderId),
        expectation === 'none' ? MAX_ITEM_FAILURES : 0,
        expectation === 'none',
        expectation === 'charge',
      ],
    );
  }

  /** A pending charge of an order that is paid is looked up, and not made. */
  async expectCharge(manager: EntityManager, id: string): Promise<void> {
    await manager.query(
      `UPDATE payment SET paid_before = true, attempts = greatest(attempts, 1) WHERE id = $1 AND status = 'PENDING'`,
      [id],
    );
  }

  /** The gateway has given the charge back. */
  async adoptRefund(manager: EntityManager, id: string, refundId: string): Promise<void> {
    await manager.query(
      `UPDATE payment SET status = 'REFUNDED', refund_id = $2, updated_at = now() WHERE id = $1`,
      [id, refundId],
    );
  }

  /** The order does not exist: nobody hears of its payment. */
  async forgetUser(manager: EntityManager, id: string): Promise<void> {
    await manager.query('UPDATE payment SET user_id = $2 WHERE id = $1', [id, NOBODY]);
  }

  /**
   * Keeps the number that an order knows as its invoice's, where it is free, and gives out higher ones from now on: a
   * restored sequence would give it to another order.
   */
  async keepInvoice(
    manager: EntityManager,
    { id, amount, currency, fulfilment }: Pick<NewPayment, 'id' | 'amount' | 'currency' | 'fulfilment'>,
    number: string,
  ): Promise<void> {
    await manager.query(
      `INSERT INTO invoice (number, payment_id, amount, currency, lines) SELECT $1, id, $3, $4, $5::json
       FROM payment WHERE id = $2 ON CONFLICT DO NOTHING`,
      [number, id, amount, currency, JSON.stringify(fulfilment?.lines ?? [])],
    );
  }

  /** Gives out invoice numbers above those that orders know. */
  async passInvoiceNumbers(manager: EntityManager, numbers: readonly string[]): Promise<void> {
    const highest = Math.max(
      ...numbers.map((number) => Number(/^INV-\d{4}-(\d{8,15})$/.exec(number)?.[1] ?? 0)),
    );
    if (highest <= 0) return;
    await manager.query(
      `SELECT setval('invoice_number', $1::bigint) FROM invoice_number WHERE last_value < $1::bigint`,
      [highest],
    );
  }
}
