import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import {
  In,
  LessThan,
  type EntityManager,
  type FindOptionsWhere,
  type Repository,
  type SelectQueryBuilder,
} from 'typeorm';
import type { LetterState } from '../domain/letter.js';
import { idOfOther } from '../index-letters/letter-id.js';
import { AuditEntryEntity, type AuditAction } from './audit-entry.entity.js';
import { LetterEntity, type NewLetter } from './letter.entity.js';

/** Which letters are meant; what is absent does not matter. */
export interface LetterFilter {
  readonly source?: string | undefined;
  readonly type?: string | undefined;
  /** Any of these types, beside what `type` says. */
  readonly types?: readonly string[] | undefined;
  readonly origin?: string | undefined;
  /** Part of the reason, in any case. */
  readonly reason?: string | undefined;
  readonly orderId?: string | undefined;
  readonly state?: LetterState | undefined;
  /** When it became a dead letter; the end is not included. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

/** A letter without its message. */
export type LetterSummary = Omit<LetterEntity, 'envelope' | 'key' | 'content' | 'body' | 'edit'>;

export type Progress = Partial<Pick<LetterEntity, 'operator' | 'discardReason' | 'edit'>>;

/** The desk's index of letters, and what was done with them. */
@Injectable()
export class LetterRepository {
  constructor(
    @InjectRepository(LetterEntity) private readonly letters: Repository<LetterEntity>,
    @InjectRepository(AuditEntryEntity) private readonly audit: Repository<AuditEntryEntity>,
  ) {}

  find(id: string): Promise<LetterEntity | null> {
    return this.letters.findOneBy({ id });
  }

  /** Newest first; those before the number, where given. */
  async page(filter: LetterFilter, limit: number, before?: string): Promise<LetterSummary[]> {
    const query = matching(this.letters.createQueryBuilder('letter'), filter);
    if (before !== undefined) query.andWhere('letter.number < :before', { before });
    return query.select(SUMMARY).orderBy('letter.number', 'DESC').take(limit).getMany();
  }

  /** Open letters, oldest first; those behind the number, where given. */
  open(filter: LetterFilter, limit: number, behind?: string): Promise<Pick<LetterEntity, 'id' | 'number'>[]> {
    const query = matching(this.letters.createQueryBuilder('letter'), { ...filter, state: 'OPEN' });
    if (behind !== undefined) query.andWhere('letter.number > :behind', { behind });
    return query.select(['letter.id', 'letter.number']).orderBy('letter.number', 'ASC').take(limit).getMany();
  }

  countOpen(filter: LetterFilter): Promise<number> {
    return matching(this.letters.createQueryBuilder('letter'), { ...filter, state: 'OPEN' }).getCount();
  }

  /** A letter, locked against all other changes until the transaction ends. */
  lock(manager: EntityManager, id: string): Promise<LetterEntity | null> {
    return manager.findOne(LetterEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
  }

  /**
   * Inserts the letters that are new, and returns the ids of all in their order, and which are new. Known ones get the id
   * of the message that they are now: programs that take messages from a queue and bring them back often give them
   * another. One whose id is that of another message, as after a broker was restored, gets an id of its own.
   */
  async insert(
    manager: EntityManager,
    found: readonly NewLetter[],
  ): Promise<{ readonly letters: readonly NewLetter[]; readonly fresh: ReadonlySet<string> }> {
    const known = await manager.find(LetterEntity, {
      select: { id: true, messageId: true, content: true },
      where: { id: In(found.flatMap(({ id, content }) => [id, idOfOther(id, content)])) },
    });
    const contents = new Map(known.map(({ id, content }) => [id, content]));
    const letters = found.map((letter) => {
      const taken = contents.get(letter.id) ?? letter.content;
      const own = taken === letter.content ? letter : { ...letter, id: idOfOther(letter.id, letter.content) };
      if (!contents.has(own.id)) contents.set(own.id, own.content);
      return own;
    });
    const messageIds = new Map(known.map(({ id, messageId }) => [id, messageId]));
    for (const { id, messageId } of letters) {
      if (messageIds.has(id) && messageIds.get(id) !== messageId)
        await manager.update(LetterEntity, id, { messageId });
    }
    const seen = new Set(messageIds.keys());
    const added = letters.filter(({ id }) => !seen.has(id) && seen.add(id));
    if (added.length === 0) return { letters, fresh: new Set() };
    const { raw } = await manager
      .createQueryBuilder()
      .insert()
      .into(LetterEntity)
      .values(added.map((letter) => ({ ...letter, state: 'OPEN' as const })))
      .orIgnore()
      .returning('id')
      .updateEntity(false)
      .execute();
    return { letters, fresh: new Set((raw as { id: string }[]).map(({ id }) => id)) };
  }

  /** Brings a letter to a state, and writes down who did what. */
  async advance(
    manager: EntityManager,
    id: string,
    state: LetterState,
    entry: { readonly action: AuditAction; readonly operator: string; readonly detail?: object },
    progress: Progress = {},
  ): Promise<void> {
    const change = { ...progress, state, changedAt: () => 'now()' };
    // Of an edit, which may be anything, TypeORM's types want to know the parts.
    await manager.update(LetterEntity, id, change as QueryDeepPartialEntity<LetterEntity>);
    await manager.insert(AuditEntryEntity, { letterId: id, detail: null, ...entry });
  }

  /** Letters of a source that last changed before a look at it began, in states that the look may change. */
  async unsettled(source: string, began: Date, seen: readonly string[]): Promise<LetterEntity[]> {
    return this.letters
      .createQueryBuilder('letter')
      .select(['letter.id', 'letter.state'])
      .where('letter.source = :source AND letter.changedAt < :began', { source, began })
      .andWhere(
        `((letter.id = ANY(:seen::uuid[]) AND letter.state IN ('GONE', 'REDRIVEN', 'DISCARDED'))
          OR (letter.id <> ALL(:seen::uuid[]) AND letter.state = 'OPEN')
          OR letter.state IN ('REDRIVING', 'DISCARDING'))`,
        { seen },
      )
      .getMany();
  }

  /** The time by the database's clock, in which all changes are dated. */
  async now(): Promise<Date> {
    const [{ now }]: [{ now: Date }] = await this.letters.query('SELECT clock_timestamp() AS now');
    return now;
  }

  /** Newest first; those before the number, where given. */
  auditTrail(
    filter: { readonly letterId?: string | undefined; readonly operator?: string | undefined },
    limit: number,
    before?: string,
  ): Promise<AuditEntryEntity[]> {
    const where: FindOptionsWhere<AuditEntryEntity> = {
      ...(filter.letterId !== undefined && { letterId: filter.letterId }),
      ...(filter.operator !== undefined && { operator: filter.operator }),
      ...(before !== undefined && { number: LessThan(before) }),
    };
    return this.audit.find({ where, order: { number: 'DESC' }, take: limit });
  }

  /**
   * How many letters of each source are open, counted up to 10,000, and for how long the oldest has been, in seconds. The
   * sources are found by steps along an index: it costs the same however many letters were ever settled.
   */
  async depths(): Promise<{ broker: string; source: string; open: number; oldest: number }[]> {
    return this.letters.query(
      `WITH RECURSIVE step AS (
         (SELECT state, source, broker FROM letter ORDER BY state, source LIMIT 1)
         UNION ALL
         SELECT next.* FROM step, LATERAL (
           SELECT state, source, broker FROM letter WHERE (state, source) > (step.state, step.source)
           ORDER BY state, source LIMIT 1) AS next
       )
       SELECT known.broker, known.source, depth.*
       FROM (SELECT DISTINCT broker, source FROM step) AS known, LATERAL (
         SELECT count(*)::integer AS open, coalesce(extract(epoch FROM now() - min(raised_at)), 0)::float AS oldest
         FROM (SELECT raised_at FROM letter WHERE state = 'OPEN' AND letter.source = known.source
               ORDER BY number LIMIT 10000) AS first
       ) AS depth`,
    );
  }
}

const SUMMARY = (
  [
    ...['id', 'number', 'broker', 'source', 'messageId', 'origin', 'position', 'state', 'type', 'eventId'],
    ...['orderId', 'error', 'reason', 'consumer', 'attempts', 'firstTriedAt', 'raisedAt', 'indexedAt'],
    ...['changedAt', 'operator', 'discardReason'],
  ] as const
).map((column) => `letter.${column}`);

function matching(
  query: SelectQueryBuilder<LetterEntity>,
  { source, type, types, origin, reason, orderId, state, from, to }: LetterFilter,
): SelectQueryBuilder<LetterEntity> {
  if (source !== undefined) query.andWhere('letter.source = :source', { source });
  if (type !== undefined) query.andWhere('letter.type = :type', { type });
  if (types !== undefined) query.andWhere('letter.type = ANY(:types)', { types });
  if (origin !== undefined) query.andWhere('letter.origin = :origin', { origin });
  if (reason !== undefined)
    query.andWhere('position(lower(:reason) IN lower(letter.reason)) > 0', { reason });
  if (orderId !== undefined) query.andWhere('letter.orderId = :orderId', { orderId });
  if (state !== undefined) query.andWhere('letter.state = :state', { state });
  if (from !== undefined) query.andWhere('letter.raisedAt >= :from', { from });
  if (to !== undefined) query.andWhere('letter.raisedAt < :to', { to });
  return query;
}
