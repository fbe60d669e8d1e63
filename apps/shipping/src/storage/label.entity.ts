import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('label')
export class LabelEntity {
  @PrimaryColumn('uuid', { name: 'shipment_id' })
  shipmentId!: string;

  /** A PDF document. */
  @Column('bytea')
  pdf!: Buffer;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
