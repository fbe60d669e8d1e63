import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('stock')
export class StockEntity {
  @PrimaryColumn('uuid', { name: 'product_id' })
  productId!: string;

  @Column('text')
  name!: string;

  @Column('integer', { name: 'on_hand' })
  onHand!: number;

  @Column('integer')
  reserved!: number;

  /** Pieces that have left with orders so far. */
  @Column('integer')
  shipped!: number;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
