import type { Broker } from '@orderbridge/contracts';
import { readHeaders, storeHeaders, type Envelope, type StoredEnvelope } from '@orderbridge/messaging';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { LetterState } from '../domain/letter.js';

/** A dead letter in the desk's index, with all of its message. */
@Entity('letter')
export class LetterEntity {
  /** The one that its consumer gave it, or one made of where it lies. */
  @PrimaryColumn('uuid')
  id!: string;

  /** Grows with each letter that the desk finds. */
  @Column({ type: 'bigint', insert: false, update: false })
  number!: string;

  @Column('text')
  broker!: Broker;

  /** The dead-letter topic or backout queue. */
  @Column('text')
  source!: string;

  /** Of IBM MQ, by which it is found on its queue; absent on Kafka. */
  @Column('text', { name: 'message_id', nullable: true })
  messageId!: string | null;

  /** The topic or queue that it was taken from, and that it goes back to. */
  @Column('text')
  origin!: string;

  /** Where it lay there: partition and offset, or the message id. */
  @Column('text')
  position!: string;

  @Column('text')
  state!: LetterState;

  @Column('text', { nullable: true })
  type!: string | null;

  @Column('text', { name: 'event_id', nullable: true })
  eventId!: string | null;

  @Column('uuid', { name: 'order_id', nullable: true })
  orderId!: string | null;

  @Column('text')
  error!: string;

  @Column('text')
  reason!: string;

  @Column('text', { nullable: true })
  consumer!: string | null;

  @Column('integer')
  attempts!: number;

  @Column('timestamptz', { name: 'first_tried_at', nullable: true })
  firstTriedAt!: Date | null;

  @Column('timestamptz', { name: 'raised_at' })
  raisedAt!: Date;

  @Column({ type: 'timestamptz', name: 'indexed_at', insert: false, update: false })
  indexedAt!: Date;

  @Column({ type: 'timestamptz', name: 'changed_at', insert: false })
  changedAt!: Date;

  /** Headers, and a key that is no text. */
  @Column('json', {
    transformer: {
      to: (value?: Envelope) => value && (JSON.parse(storeHeaders(value)) as StoredEnvelope),
      from: (value: StoredEnvelope): Envelope => readHeaders(value),
    },
  })
  envelope!: Envelope;

  @Column('text')
  key!: string;

  /** Digest of what tells the message from others with its id; absent for those found before there was one. */
  @Column('text', { nullable: true })
  content!: string | null;

  @Column('bytea')
  body!: Buffer;

  /** Who asked for what was done with it. */
  @Column('text', { nullable: true })
  operator!: string | null;

  /** Why it was discarded, or given up. */
  @Column('text', { name: 'discard_reason', nullable: true })
  discardReason!: string | null;

  /** What was changed before it was sent again; the letter itself stays as it is. */
  @Column('json', { nullable: true })
  edit!: Edit | null;
}

/** Changes to a message: a payload in place of its own, and headers in place of its own, or null for none. */
export interface Edit {
  readonly payload?: unknown;
  readonly headers?: Readonly<Record<string, string | null>>;
}

export type NewLetter = Omit<
  LetterEntity,
  'number' | 'state' | 'indexedAt' | 'changedAt' | 'operator' | 'discardReason' | 'edit' | 'content'
> & { readonly content: string };
