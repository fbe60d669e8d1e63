import type { ShipTo } from '@orderbridge/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { OrderStatus, Undoing } from '../domain/fulfilment.js';
import type { PricedLine } from '../domain/pricing.js';

/** Reads a bigint column of amounts, which stay far below 2^53. */
const minorUnits = { to: (value: number) => value, from: Number };

@Entity('orders')
export class OrderEntity {
  /** UUIDv7: newer orders have greater ids. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('text')
  status!: OrderStatus;

  /** What is not undone yet of an order that is CANCELLING. */
  @Column('json')
  awaiting!: readonly Undoing[];

  @Column('text', { nullable: true })
  reason!: string | null;

  @Column('char', { length: 3 })
  currency!: string;

  @Column('bigint', { transformer: minorUnits })
  total!: number;

  @Column('json')
  lines!: PricedLine[];

  @Column('json', { name: 'ship_to' })
  shipTo!: ShipTo;

  @Column('text', { name: 'payment_token' })
  paymentToken!: string;

  @Column('text', { name: 'invoice_number', nullable: true })
  invoiceNumber!: string | null;

  @Column('text', { nullable: true })
  carrier!: string | null;

  @Column('text', { name: 'tracking_number', nullable: true })
  trackingNumber!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;

  /** Number of timeline entries. */
  @Column('integer')
  version!: number;
}
