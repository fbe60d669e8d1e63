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
import type { VoidDecision } from '../domain/shipment.js';
import { ShipmentEntity } from './shipment.entity.js';
import { ANNOUNCED, type AnnouncedShipment, type Postponed } from './shipment.repository.js';

/** A label that is to be voided; its id is the shipment's. */
export interface VoidItem extends WorkItem {
  /** Idempotency key at the carrier. */
  readonly orderId: string;
  readonly cause: Cause;
}

/** A void that was set aside. */
export interface ParkedVoid {
  readonly orderId: string;
  readonly cause: Cause;
  readonly wantedSince: Date;
}

const VOIDS = new WorkItemTable({
  table: 'shipment',
  status: 'VOIDING',
  returning: 'order_id AS "orderId", cause',
  asynchronous: true,
});

/** The labels that are to be voided: shipments in the status VOIDING. */
@Injectable()
export class VoidRepository {
  constructor(@InjectRepository(ShipmentEntity) private readonly shipments: Repository<ShipmentEntity>) {}

  /** See `WorkItemTable.take`. A lease that a crash of PostgreSQL forgets costs a second call with the same key. */
  async takeDue(request: TakeRequest): Promise<VoidItem[]> {
    const [rows]: [VoidItem[], number] = await this.shipments.query(...VOIDS.take(request));
    return rows;
  }

  /** See `WorkItemTable.postpone`. */
  async postpone(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    postponement: Postponement,
  ): Promise<Postponed | undefined> {
    const [[row]]: [Postponed[], number] = await manager.query(
      ...VOIDS.postpone(item, postponement, 'user_id AS "userId", cause'),
    );
    return row;
  }

  /** Sets a void aside, see `WorkItemTable.park`. */
  async park(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    itemFailures: number,
  ): Promise<ParkedVoid | undefined> {
    const [rows]: [ParkedVoid[], number] = await manager.query(
      ...VOIDS.park(item, itemFailures, 'order_id AS "orderId", cause, updated_at AS "wantedSince"'),
    );
    return rows[0];
  }

  /** Makes voids due again that were set aside. */
  async resume(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    await manager.query(...VOIDS.resume(orderIds));
  }

  /** Gives voids up that were set aside: their parcels go on. Returns the shipments, which are not cancelled any longer. */
  async giveUp(manager: EntityManager, orderIds: readonly string[]): Promise<AnnouncedShipment[]> {
    const [rows]: [AnnouncedShipment[], number] = await manager.query(
      goesOn(`SELECT id, delivered_at, cancelled FROM shipment
         WHERE order_id = ANY($1::uuid[]) AND status = 'VOIDING' AND due_at = 'infinity' FOR UPDATE`),
      [orderIds],
    );
    return rows;
  }

  /** See `WorkItemHandlers.backlog`. */
  async backlog(): Promise<Backlog> {
    const rows: Backlog[] = await this.shipments.query(VOIDS.backlog('updated_at'));
    return rows[0] as Backlog;
  }

  /**
   * Writes what the carrier decided about labels that were VOIDING still, and returns these: VOIDED, or on their way as
   * before, when it was too late. `cancelled` says whether their order was to be cancelled.
   */
  async complete(
    manager: EntityManager,
    decisions: readonly { readonly id: string; readonly decision: VoidDecision }[],
  ): Promise<AnnouncedShipment[]> {
    const voided = decisions.filter(({ decision }) => decision.voided);
    const refused = decisions.flatMap(({ id, decision }) => (decision.voided ? [] : [{ id, ...decision }]));
    const shipments: AnnouncedShipment[] = [];
    if (voided.length > 0) {
      const [rows]: [AnnouncedShipment[], number] = await manager.query(
        `UPDATE shipment SET status = 'VOIDED', updated_at = now() WHERE id = ANY($1::uuid[]) AND status = 'VOIDING'
         RETURNING ${ANNOUNCED}`,
        [voided.map(({ id }) => id)],
      );
      shipments.push(...rows);
    }
    if (refused.length > 0) {
      const [rows]: [AnnouncedShipment[], number] = await manager.query(
        goesOn(`SELECT shipment.id, refused.delivered_at, cancelled
           FROM unnest($1::uuid[], $2::timestamptz[]) AS refused (id, delivered_at) JOIN shipment USING (id)
           WHERE status = 'VOIDING' FOR UPDATE OF shipment`),
        [refused.map(({ id }) => id), refused.map(({ deliveredAt }) => deliveredAt ?? null)],
      );
      shipments.push(...rows);
    }
    return shipments;
  }
}

/** SQL after which the parcels of the selected shipments go on as if they had never been cancelled. */
const goesOn = (selected: string): string =>
  `UPDATE shipment SET status = CASE WHEN coalesce(before.delivered_at, shipment.delivered_at) IS NULL THEN 'BOOKED' ELSE 'DELIVERED' END,
     delivered_at = coalesce(before.delivered_at, shipment.delivered_at),
     failure_code = NULL, failure_reason = NULL, cancelled = false, retrying = false, item_failures = 0, due_at = now(), updated_at = now()
   FROM (${selected}) AS before WHERE shipment.id = before.id
   RETURNING ${ANNOUNCED.replace('shipment.cancelled', 'before.cancelled')}`;
