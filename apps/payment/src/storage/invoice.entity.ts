import type { OrderLine } from '@orderbridge/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('invoice')
export class InvoiceEntity {
  /** Unique and growing; numbers of transactions that failed are left out. */
  @PrimaryColumn('text')
  number!: string;

  @Column('uuid', { name: 'payment_id' })
  paymentId!: string;

  @Column('bigint', { transformer: { to: (value: number) => value, from: Number } })
  amount!: number;

  @Column('char', { length: 3 })
  currency!: string;

  @Column('json')
  lines!: OrderLine[];

  @Column('timestamptz', { name: 'issued_at' })
  issuedAt!: Date;
}
