import type { Cause } from '@orderbridge/contracts';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { EntityManager, Repository } from 'typeorm';
import { ShipmentEntity } from './shipment.entity.js';

/** What the carrier says of a parcel. */
export interface Delivery {
  readonly orderId: string;
  readonly deliveredAt: Date;
}

export interface DeliveredShipment {
  readonly id: string;
  readonly orderId: string;
  readonly userId: string;
  readonly trackingNumber: string;
  readonly deliveredAt: Date;
  readonly cause: Cause;
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
   * Writes deliveries and returns the shipments that are DELIVERED by them. Of a shipment whose booking is not settled
   * yet the delivery is kept for when it is.
   */
  async deliver(manager: EntityManager, deliveries: readonly Delivery[]): Promise<DeliveredShipment[]> {
    const [rows]: [(DeliveredShipment & { status: string })[], number] = await manager.query(
      `UPDATE shipment SET delivered_at = delivery.delivered_at, updated_at = now(),
         status = CASE WHEN status = 'BOOKED' THEN 'DELIVERED' ELSE status END
       FROM unnest($1::uuid[], $2::timestamptz[]) AS delivery (order_id, delivered_at)
       WHERE shipment.order_id = delivery.order_id AND status IN ('BOOKED', 'REQUESTED')
       RETURNING shipment.id, shipment.order_id AS "orderId", user_id AS "userId", status,
         tracking_number AS "trackingNumber", shipment.delivered_at AS "deliveredAt", cause`,
      [deliveries.map(({ orderId }) => orderId), deliveries.map(({ deliveredAt }) => deliveredAt)],
    );
    return rows.filter(({ status }) => status === 'DELIVERED');
  }
}
