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
import { ShipmentEntity } from './shipment.entity.js';
import type { Postponed } from './shipment.repository.js';

/** A label that is to be voided; its id is the shipment's. */
export interface VoidItem extends WorkItem {
  /** Idempotency key at the carrier. */
  readonly orderId: string;
  readonly cause: Cause;
}

/** A label that was set aside. */
export interface ParkedVoid {
  readonly orderId: string;
  readonly cause: Cause;
  readonly wantedSince: Date;
}

export interface VoidedShipment {
  readonly id: string;
  readonly orderId: string;
  readonly userId: string;
  readonly trackingNumber: string;
  readonly cause: Cause;
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

  /** See `WorkItemHandlers.backlog`. */
  async backlog(): Promise<Backlog> {
    const rows: Backlog[] = await this.shipments.query(VOIDS.backlog('updated_at'));
    return rows[0] as Backlog;
  }

  /** Marks shipments as voided that were still VOIDING, and returns these. */
  async complete(manager: EntityManager, ids: readonly string[]): Promise<VoidedShipment[]> {
    const [rows]: [VoidedShipment[], number] = await manager.query(
      `UPDATE shipment SET status = 'VOIDED', updated_at = now() WHERE id = ANY($1::uuid[]) AND status = 'VOIDING'
       RETURNING id, order_id AS "orderId", user_id AS "userId", tracking_number AS "trackingNumber", cause`,
      [ids],
    );
    return rows;
  }
}
