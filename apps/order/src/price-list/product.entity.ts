import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('product')
export class ProductEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('text')
  name!: string;

  /** In minor units. */
  @Column('bigint', { name: 'unit_price', transformer: { to: (value: number) => value, from: Number } })
  unitPrice!: number;

  @Column('char', { length: 3 })
  currency!: string;
}
