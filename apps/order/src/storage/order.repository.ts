import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, LessThan, type EntityManager, type Repository } from 'typeorm';
import type { Cause } from '@orderbridge/contracts';
import { isWaiting, type OrderStatus, type Undoing } from '../domain/fulfilment.js';
import { OrderEntity } from './order.entity.js';
import { TimelineEntryEntity } from './timeline-entry.entity.js';

/** What of an order changes while it is fulfilled. */
export interface OrderProgress {
  readonly id: string;
  readonly userId: string;
  /** In minor units. */
  readonly total: number;
  readonly currency: string;
  status: OrderStatus;
  awaiting: readonly Undoing[];
  reason: string | null;
  invoiceNumber: string | null;
  carrier: string | null;
  trackingNumber: string | null;
  version: number;
}

export type NewOrder = Omit<
  OrderEntity,
  'awaiting' | 'reason' | 'invoiceNumber' | 'carrier' | 'trackingNumber' | 'updatedAt'
> & {
  /** When to look whether the order still waits. */
  readonly lookAt: Date;
  readonly cause: Cause;
};
export type NewTimelineEntry = Omit<TimelineEntryEntity, 'recordedAt'>;

const LEAST_ID = '00000000-0000-0000-0000-000000000000';

/** The least UUIDv7 of a moment. */
const firstIdAt = (moment: Date): string => {
  const ms = moment.getTime().toString(16).padStart(12, '0');
  return `${ms.slice(0, 8)}-${ms.slice(8)}-7000-8000-000000000000`;
};

/** Orders and their timelines. Writing is set-based: one statement for a whole batch. */
@Injectable()
export class OrderRepository {
  constructor(
    @InjectRepository(OrderEntity) private readonly orders: Repository<OrderEntity>,
    @InjectRepository(TimelineEntryEntity) private readonly timeline: Repository<TimelineEntryEntity>,
  ) {}

  find(id: string, manager: EntityManager = this.orders.manager): Promise<OrderEntity | null> {
    return manager.findOneBy(OrderEntity, { id });
  }

  /** Newest first; those older than the order `before`, where given. */
  findOfUser(userId: string, limit: number, before?: string): Promise<OrderEntity[]> {
    return this.orders.find({
      where: { userId, ...(before && { id: LessThan(before) }) },
      order: { id: 'DESC' },
      take: limit,
    });
  }

  timelineOf(orderId: string): Promise<TimelineEntryEntity[]> {
    return this.timeline.find({ where: { orderId }, order: { position: 'ASC' } });
  }

  /**
   * Returns the ids of the orders that were not there before. One that was is a try's whose commit took effect while its
   * answer got lost.
   */
  async insert(manager: EntityManager, orders: readonly NewOrder[]): Promise<Set<string>> {
    const inserted: { id: string }[] = await manager.query(
      `WITH new AS (
         SELECT * FROM json_to_recordset($1) AS new (id uuid, user_id uuid, status text, currency char(3), total bigint,
           lines json, ship_to json, payment_token text, created_at timestamptz, version integer, look_at timestamptz, cause json)
       ), inserted AS (
         INSERT INTO orders (id, user_id, status, currency, total, lines, ship_to, payment_token, created_at, updated_at, version)
         SELECT id, user_id, status, currency, total, lines, ship_to, payment_token, created_at, created_at, version FROM new
         ON CONFLICT (id) DO NOTHING RETURNING id
       )
       INSERT INTO waiting_order (order_id, look_at, cause) SELECT id, look_at, cause FROM new JOIN inserted USING (id)
       RETURNING order_id AS id`,
      [
        JSON.stringify(
          orders.map(({ userId, shipTo, paymentToken, createdAt, lookAt, ...rest }) => ({
            ...rest,
            user_id: userId,
            ship_to: shipTo,
            payment_token: paymentToken,
            created_at: createdAt,
            look_at: lookAt,
          })),
        ),
      ],
    );
    return new Set(inserted.map(({ id }) => id));
  }

  /** The orders that exist, locked against all other changes until the transaction ends. */
  async lock(manager: EntityManager, ids: readonly string[]): Promise<Map<string, OrderProgress>> {
    const rows: (Omit<OrderProgress, 'total'> & { total: string })[] = await manager.query(
      `SELECT id, user_id AS "userId", total, currency, status, awaiting, reason, invoice_number AS "invoiceNumber", carrier,
         tracking_number AS "trackingNumber", version
       FROM orders WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE`,
      [ids],
    );
    return new Map(rows.map((row) => [row.id, { ...row, total: Number(row.total) }]));
  }

  /** The same with all there is of them, by id. */
  async lockWhole(manager: EntityManager, ids: readonly string[]): Promise<Map<string, OrderEntity>> {
    const orders = await manager.find(OrderEntity, {
      where: { id: In([...ids]) },
      order: { id: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
    return new Map(orders.map((order) => [order.id, order]));
  }

  /** Ids of orders after one, and placed at the given time or later, where given; oldest first. */
  async idsAfter(id: string | undefined, since: Date | undefined, limit: number): Promise<string[]> {
    const rows: { id: string }[] = await this.orders.query(
      'SELECT id FROM orders WHERE id > $1::uuid AND id >= $2::uuid ORDER BY id LIMIT $3',
      [id ?? LEAST_ID, since ? firstIdAt(since) : LEAST_ID, limit],
    );
    return rows.map((row) => row.id);
  }

  /** Writes locked orders back. Those that wait no more need not be looked at again. */
  async update(manager: EntityManager, orders: readonly OrderProgress[]): Promise<void> {
    if (orders.length === 0) return;
    await manager.query(
      `WITH waits_no_more AS (DELETE FROM waiting_order WHERE order_id = ANY($9::uuid[]))
       UPDATE orders SET status = changed.status, awaiting = changed.awaiting, reason = changed.reason, invoice_number = changed.invoice_number,
         carrier = changed.carrier, tracking_number = changed.tracking_number, version = changed.version, updated_at = now()
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::integer[],
         $8::json[]) AS changed (id, status, reason, invoice_number, carrier, tracking_number, version, awaiting)
       WHERE orders.id = changed.id`,
      [
        orders.map(({ id }) => id),
        orders.map(({ status }) => status),
        orders.map(({ reason }) => reason),
        orders.map(({ invoiceNumber }) => invoiceNumber),
        orders.map(({ carrier }) => carrier),
        orders.map(({ trackingNumber }) => trackingNumber),
        orders.map(({ version }) => version),
        orders.map(({ awaiting }) => JSON.stringify(awaiting)),
        orders.filter(({ status }) => !isWaiting(status)).map(({ id }) => id),
      ],
    );
  }

  async insertTimeline(manager: EntityManager, entries: readonly NewTimelineEntry[]): Promise<void> {
    if (entries.length === 0) return;
    await manager.query(
      `INSERT INTO order_timeline (order_id, position, cause, status, message_id, source, occurred_at, detail)
       SELECT * FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
         $8::text[])`,
      [
        entries.map(({ orderId }) => orderId),
        entries.map(({ position }) => position),
        entries.map(({ cause }) => cause),
        entries.map(({ status }) => status),
        entries.map(({ messageId }) => messageId),
        entries.map(({ source }) => source),
        entries.map(({ occurredAt }) => occurredAt),
        entries.map(({ detail }) => detail),
      ],
    );
  }
}
