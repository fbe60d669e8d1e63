import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Cause } from '@orderbridge/contracts';
import {
  WorkItemTable,
  type Backlog,
  type Postponement,
  type TakeRequest,
  type WorkItem,
} from '@orderbridge/work-items';
import type { EntityManager, Repository } from 'typeorm';
import { ShipmentEntity } from './shipment.entity.js';
import { PARKED, type ParkedBooking } from './shipment.repository.js';

/** A booking that is not to go on, about which the carrier is asked; its id is the shipment's. */
export interface ClosingItem extends WorkItem {
  readonly orderId: string;
  readonly cause: Cause;
  /** Milliseconds since the last attempt to book; undefined when each attempt was answered without booking. */
  readonly inDoubtForMs: number | null;
}

const CLOSINGS = new WorkItemTable({
  table: 'shipment',
  status: 'CLOSING',
  returning: `order_id AS "orderId", cause,
    CASE WHEN asked_at IS NOT NULL THEN (extract(epoch FROM now() - asked_at) * 1000)::float END AS "inDoubtForMs"`,
});

/** The shipments in the status CLOSING. */
@Injectable()
export class ClosingRepository {
  constructor(@InjectRepository(ShipmentEntity) private readonly shipments: Repository<ShipmentEntity>) {}

  /** See `WorkItemTable.take`. */
  async takeDue(request: TakeRequest): Promise<ClosingItem[]> {
    const [rows]: [ClosingItem[], number] = await this.shipments.query(...CLOSINGS.take(request));
    return rows;
  }

  /** See `WorkItemTable.postpone`. */
  async postpone(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    postponement: Postponement,
  ): Promise<void> {
    await manager.query(...CLOSINGS.postpone(item, postponement, 'id'));
  }

  /** Sets one aside, see `WorkItemTable.park`. */
  async park(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    itemFailures: number,
  ): Promise<ParkedBooking | undefined> {
    const [rows]: [ParkedBooking[], number] = await manager.query(
      ...CLOSINGS.park(item, itemFailures, PARKED),
    );
    return rows[0];
  }

  /** See `WorkItemHandlers.backlog`. */
  async backlog(): Promise<Backlog> {
    const rows: Backlog[] = await this.shipments.query(CLOSINGS.backlog('updated_at'));
    return rows[0] as Backlog;
  }
}
