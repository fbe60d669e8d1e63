import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Something that somebody did with a letter. */
@Entity('audit_entry')
export class AuditEntryEntity {
  @PrimaryColumn({ type: 'bigint', insert: false })
  number!: string;

  @Column('uuid', { name: 'letter_id' })
  letterId!: string;

  @Column('text')
  action!: AuditAction;

  /** Whoever it says it was; `desk` for what the desk has seen or finished by itself. */
  @Column('text')
  operator!: string;

  @Column('json', { nullable: true })
  detail!: object | null;

  @Column({ type: 'timestamptz', insert: false, update: false })
  at!: Date;
}

/** `redrive-asked` and `discard-asked` come before what has to be done on a queue, which may fail. */
export type AuditAction =
  | 'redrive-asked'
  | 'redriven'
  | 'redrive-failed'
  | 'given-up'
  | 'discard-asked'
  | 'discarded'
  | 'discard-failed'
  | 'gone'
  | 'returned';

/** Who is named where no operator was. */
export const DESK = 'desk';
