import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { OrderStatus } from '../domain/fulfilment.js';

/** One thing that happened to an order. */
@Entity('order_timeline')
export class TimelineEntryEntity {
  @PrimaryColumn('uuid', { name: 'order_id' })
  orderId!: string;

  /** From 1, without gaps. */
  @PrimaryColumn('integer')
  position!: number;

  /** Type of the message or, for the first entry, `order.created`. */
  @Column('text')
  cause!: string;

  /** Status after it. */
  @Column('text')
  status!: OrderStatus;

  @Column('text', { name: 'message_id' })
  messageId!: string;

  @Column('text')
  source!: string;

  /** When it happened, by the clock of the service where it did. */
  @Column('timestamptz', { name: 'occurred_at' })
  occurredAt!: Date;

  /** When the order heard of it. */
  @Column('timestamptz', { name: 'recorded_at' })
  recordedAt!: Date;

  @Column('text', { nullable: true })
  detail!: string | null;
}
