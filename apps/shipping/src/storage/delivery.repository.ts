import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { EntityManager, Repository } from 'typeorm';
import type { ShipmentStatus } from '../domain/shipment.js';
import { ShipmentEntity } from './shipment.entity.js';
import { ANNOUNCED, type AnnouncedShipment } from './shipment.repository.js';

/** What the carrier says of a parcel. */
export interface Delivery {
  readonly orderId: string;
  readonly deliveredAt: Date;
}

export interface DeliveredShipment extends AnnouncedShipment {
  /** The status before the delivery was heard of. */
  readonly previousStatus: ShipmentStatus;
}

/** What was delivered, and up to where that is known. */
@Injectable()
export class DeliveryRepository {
  constructor(@InjectRepository(ShipmentEntity) private readonly shipments: Repository<ShipmentEntity>) {}

  /** The carrier's cursor after the deliveries that are known; empty at the beginning. */
  async cursor(): Promise<string> {
    const [row]: { cursor: string }[] = await this.shipments.query('SELECT cursor FROM delivery_cursor');
    return row?.cursor ?? '';
  }

  /** Moves the cursor on. False when another process has done so meanwhile; then nothing is changed. */
  async advance(manager: EntityManager, from: string, to: string): Promise<boolean> {
    const [, moved]: [unknown, number] = await manager.query(
      'UPDATE delivery_cursor SET cursor = $2 WHERE cursor = $1',
      [from, to],
    );
    return moved === 1;
  }

  /**
   * Writes deliveries and returns the shipments that are DELIVERED by them: booked ones, and such as were to be voided, for
   * which it is too late. Of a shipment whose booking is not settled yet the delivery is kept for when it is.
   */
  async deliver(manager: EntityManager, deliveries: readonly Delivery[]): Promise<DeliveredShipment[]> {
    const moments = new Map(deliveries.map(({ orderId, deliveredAt }) => [orderId, deliveredAt]));
    const [rows]: [DeliveredShipment[], number] = await manager.query(
      `UPDATE shipment SET delivered_at = before.delivered_at, updated_at = now(),
         status = CASE WHEN before.status IN ('BOOKED', 'VOIDING') THEN 'DELIVERED' ELSE before.status END
       FROM (
         SELECT shipment.id, status, delivery.delivered_at
         FROM unnest($1::uuid[], $2::timestamptz[]) AS delivery (order_id, delivered_at) JOIN shipment USING (order_id)
         WHERE status IN ('BOOKED', 'VOIDING', 'REQUESTED', 'CLOSING')
         ORDER BY shipment.id FOR UPDATE OF shipment
       ) AS before
       WHERE shipment.id = before.id
       RETURNING ${ANNOUNCED}, before.status AS "previousStatus"`,
      [[...moments.keys()], [...moments.values()]],
    );
    return rows.filter(({ status }) => status === 'DELIVERED');
  }
}
