import type { Cause, ShipTo } from '@orderbridge/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { LostLabel, ShipmentStatus } from '../domain/shipment.js';

@Entity('shipment')
export class ShipmentEntity {
  @PrimaryColumn('uuid')
  id!: string;

  /** Idempotency key at the carrier: one shipment per order. */
  @Column('uuid', { name: 'order_id' })
  orderId!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('text')
  status!: ShipmentStatus;

  /** Its order was cancelled. */
  @Column('boolean')
  cancelled!: boolean;

  /** Absent where the order was cancelled before it was paid. */
  @Column('json', { name: 'ship_to', nullable: true })
  shipTo!: ShipTo | null;

  @Column('integer')
  pieces!: number;

  @Column('json')
  cause!: Cause;

  @Column('text', { nullable: true })
  carrier!: string | null;

  @Column('text', { name: 'carrier_reference', nullable: true })
  carrierReference!: string | null;

  @Column('text', { name: 'tracking_number', nullable: true })
  trackingNumber!: string | null;

  @Column('text', { name: 'failure_code', nullable: true })
  failureCode!: string | null;

  @Column('text', { name: 'failure_reason', nullable: true })
  failureReason!: string | null;

  @Column('integer')
  attempts!: number;

  /** Whether what is due was attempted before. */
  @Column('boolean')
  retrying!: boolean;

  /** How often what is due has failed by itself. */
  @Column('integer', { name: 'item_failures' })
  itemFailures!: number;

  /** How many attempts to book the carrier has answered without booking; the others may have had an effect. */
  @Column('integer')
  answered!: number;

  /** Its order has shipped: while the carrier has no label of it, none is bought unless an operator says so. */
  @Column('boolean', { name: 'expects_label' })
  expectsLabel!: boolean;

  /** Where the carrier has lost a label that counts as good. */
  @Column('text', { name: 'label_lost', nullable: true })
  labelLost!: LostLabel | null;

  /** What a person was asked to decide. */
  @Column('text', { nullable: true })
  disputed!: string | null;

  @Column('timestamptz', { name: 'booked_at', nullable: true })
  bookedAt!: Date | null;

  /** By the carrier's clock. */
  @Column('timestamptz', { name: 'delivered_at', nullable: true })
  deliveredAt!: Date | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}

/** What is known of a shipment that the carrier has booked, with a label that can be printed. */
export type BookedShipment = ShipmentEntity & {
  carrier: string;
  trackingNumber: string;
  shipTo: ShipTo;
  bookedAt: Date;
};
