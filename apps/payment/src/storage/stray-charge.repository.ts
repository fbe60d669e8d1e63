import type { Cause } from '@orderbridge/contracts';
import { Injectable } from '@nestjs/common';
import {
  WorkItemTable,
  type Backlog,
  type Postponement,
  type TakeRequest,
  type WorkItem,
} from '@orderbridge/work-items';
import { DataSource, type EntityManager } from 'typeorm';
import { BY_HAND, type ParkedRefund, type RefundItem } from './refund.repository.js';

/**
 * FOUND: its order's state was requested. PARKED: a person must decide. REFUNDING, REFUNDED: it belongs to no payment and
 * is given back.
 */
export type StrayChargeStatus = 'FOUND' | 'PARKED' | 'REFUNDING' | 'REFUNDED';

/** A charge, or its refund, that the gateway has and that does not match the order's payment. */
export interface FoundCharge {
  readonly chargeId: string;
  readonly orderId: string;
  /** In minor units. */
  readonly amount: number;
  readonly currency: string;
  /** The gateway's id of the refund, where it was given back. */
  readonly refundId: string | null;
}

export interface StrayCharge extends FoundCharge {
  readonly status: StrayChargeStatus;
}

const STRAYS = new WorkItemTable({
  table: 'stray_charge',
  status: 'REFUNDING',
  returning: `order_id AS "orderId", charge_id AS "chargeId", amount, currency, cause,
    'refund-' || order_id || '-' || charge_id AS "refundKey"`,
});
const COLUMNS =
  'charge_id AS "chargeId", order_id AS "orderId", amount, currency, refund_id AS "refundId", status';

type WithText<Row> = Omit<Row, 'amount'> & { readonly amount: string };
const toNumbers = <Row extends { readonly amount: number }>(rows: readonly WithText<Row>[]): Row[] =>
  rows.map((row) => ({ ...row, amount: Number(row.amount) }) as unknown as Row);

/** What reconciliation has found at the gateway, and the refunds of charges that belong to no payment. */
@Injectable()
export class StrayChargeRepository {
  constructor(private readonly dataSource: DataSource) {}

  /** Notes what was found; what a person has to decide about, or is refunded, stays as it is. */
  async note(manager: EntityManager, found: readonly FoundCharge[]): Promise<void> {
    if (found.length === 0) return;
    await manager.query(
      `INSERT INTO stray_charge (charge_id, order_id, amount, currency, refund_id)
       SELECT DISTINCT ON (charge_id) *
       FROM unnest($1::text[], $2::uuid[], $3::bigint[], $4::text[], $5::text[])
         AS found (charge_id, order_id, amount, currency, refund_id)
       ORDER BY charge_id
       ON CONFLICT (charge_id) DO UPDATE SET refund_id = excluded.refund_id, updated_at = now()
       WHERE stray_charge.status = 'FOUND'`,
      [
        found.map(({ chargeId }) => chargeId),
        found.map(({ orderId }) => orderId),
        found.map(({ amount }) => amount),
        found.map(({ currency }) => currency),
        found.map(({ refundId }) => refundId),
      ],
    );
  }

  /** Which of these charges need no further request: they are refunded, or a person decides. */
  async settled(manager: EntityManager, chargeIds: readonly string[]): Promise<Set<string>> {
    const rows: { chargeId: string }[] = await manager.query(
      `SELECT charge_id AS "chargeId" FROM stray_charge WHERE charge_id = ANY($1::text[]) AND status <> 'FOUND'`,
      [chargeIds],
    );
    return new Set(rows.map(({ chargeId }) => chargeId));
  }

  /** What was found of orders and is not decided, locked against all other changes. */
  async lockOfOrders(manager: EntityManager, orderIds: readonly string[]): Promise<StrayCharge[]> {
    return toNumbers<StrayCharge>(
      await manager.query(
        `SELECT ${COLUMNS} FROM stray_charge
         WHERE order_id = ANY($1::uuid[]) AND status IN ('FOUND', 'PARKED') ORDER BY charge_id FOR UPDATE`,
        [orderIds],
      ),
    );
  }

  /** Makes the refund of a charge due. */
  refund(manager: EntityManager, chargeId: string, cause: Cause): Promise<void> {
    return this.#set(manager, chargeId, 'REFUNDING', cause);
  }

  /** A person decides about it. */
  park(manager: EntityManager, chargeId: string): Promise<void> {
    return this.#set(manager, chargeId, 'PARKED');
  }

  /** It belongs to no payment, and was given back before. */
  close(manager: EntityManager, chargeId: string): Promise<void> {
    return this.#set(manager, chargeId, 'REFUNDED');
  }

  /** It matches the payment, or is adopted by it. */
  async forget(manager: EntityManager, chargeId: string): Promise<void> {
    await manager.query('DELETE FROM stray_charge WHERE charge_id = $1', [chargeId]);
  }

  /** See `WorkItemTable.take`. */
  async takeDue(request: TakeRequest): Promise<RefundItem[]> {
    const [rows]: [WithText<RefundItem>[], number] = await this.dataSource.query(...STRAYS.take(request));
    return toNumbers<RefundItem>(rows);
  }

  /** See `WorkItemTable.postpone`. */
  async postpone(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    postponement: Postponement,
  ): Promise<void> {
    await manager.query(...STRAYS.postpone(item, postponement, 'id'));
  }

  /** Sets a refund aside, see `WorkItemTable.park`. */
  async setAside(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    itemFailures: number,
  ): Promise<ParkedRefund | undefined> {
    const [rows]: [WithText<ParkedRefund>[], number] = await manager.query(
      ...STRAYS.park(
        item,
        itemFailures,
        'id, order_id AS "orderId", amount, currency, cause, updated_at AS "wantedSince"',
      ),
    );
    return toNumbers<ParkedRefund>(rows)[0];
  }

  /** Makes refunds due again that were set aside. */
  async resume(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    await manager.query(...STRAYS.resume(orderIds));
  }

  /** Counts refunds that were set aside as made by hand. */
  async giveUp(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    await manager.query(
      `UPDATE stray_charge SET status = 'REFUNDED', refund_id = '${BY_HAND}', updated_at = now()
       WHERE order_id = ANY($1::uuid[]) AND status = 'REFUNDING' AND due_at = 'infinity'`,
      [orderIds],
    );
  }

  /** See `WorkItemHandlers.backlog`. */
  async backlog(): Promise<Backlog> {
    const rows: Backlog[] = await this.dataSource.query(STRAYS.backlog('updated_at'));
    return rows[0] as Backlog;
  }

  /** Writes the gateway's refunds. */
  async complete(
    manager: EntityManager,
    refunds: readonly { readonly id: string; readonly refundId: string }[],
  ): Promise<void> {
    await manager.query(
      `UPDATE stray_charge SET status = 'REFUNDED', refund_id = refunded.refund_id, updated_at = now()
       FROM unnest($1::uuid[], $2::text[]) AS refunded (id, refund_id)
       WHERE stray_charge.id = refunded.id AND status = 'REFUNDING'`,
      [refunds.map(({ id }) => id), refunds.map(({ refundId }) => refundId)],
    );
  }

  async #set(
    manager: EntityManager,
    chargeId: string,
    status: StrayChargeStatus,
    cause?: Cause,
  ): Promise<void> {
    await manager.query(
      `UPDATE stray_charge SET status = $2, cause = coalesce($3::json, cause), due_at = now(), attempts = 0,
         retrying = false, item_failures = 0, updated_at = now()
       WHERE charge_id = $1`,
      [chargeId, status, cause === undefined ? null : JSON.stringify(cause)],
    );
  }
}
