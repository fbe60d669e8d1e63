import type { Cause, OrderLine, ShipTo } from '@orderbridge/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { PaymentStatus } from '../domain/payment.js';

@Entity('payment')
export class PaymentEntity {
  @PrimaryColumn('uuid')
  id!: string;

  /** One payment per order. */
  @Column('uuid', { name: 'order_id' })
  orderId!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('text')
  status!: PaymentStatus;

  /** In minor units. */
  @Column('bigint', { transformer: { to: (value: number) => value, from: Number } })
  amount!: number;

  @Column('char', { length: 3 })
  currency!: string;

  /** Idempotency key of the charge at the gateway; the payment's id where it is absent. */
  @Column('text', { name: 'charge_key', nullable: true })
  chargeKey!: string | null;

  /** Its order was cancelled or rejected. */
  @Column('boolean')
  cancelled!: boolean;

  /** An operator has given the charge up. */
  @Column('boolean', { name: 'given_up' })
  givenUp!: boolean;

  /** The order is paid already, as it says itself: the charge is to be found, and not to be made. */
  @Column('boolean', { name: 'paid_before' })
  paidBefore!: boolean;

  @Column('text', { name: 'payment_token', nullable: true })
  paymentToken!: string | null;

  /** What shipping needs to know; absent while only a manual payment is known of the order. */
  @Column('json', { nullable: true })
  fulfilment!: Fulfilment | null;

  @Column('json')
  cause!: Cause;

  @Column('text', { name: 'charge_id', nullable: true })
  chargeId!: string | null;

  @Column('text', { name: 'refund_id', nullable: true })
  refundId!: string | null;

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

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}

export interface Fulfilment {
  readonly lines: OrderLine[];
  readonly shipTo: ShipTo;
}
