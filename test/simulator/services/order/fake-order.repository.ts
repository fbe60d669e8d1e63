import type { Cause } from '@orderbridge/contracts';
import type { EntityManager } from 'typeorm';
import { isWaiting, type OrderStatus } from '../../../../apps/order/src/domain/fulfilment.js';
import type { OrderEntity } from '../../../../apps/order/src/storage/order.entity.js';
import type {
  NewOrder,
  NewTimelineEntry,
  OrderProgress,
  OrderRepository,
} from '../../../../apps/order/src/storage/order.repository.js';
import type { TimelineEntryEntity } from '../../../../apps/order/src/storage/timeline-entry.entity.js';
import type { Session } from '../../database/database.js';
import { Table } from '../../database/table.js';
import type { Transaction } from '../../database/transaction.js';
import type { Public } from '../../public.js';
import { ReconciliationTable } from '../fake-reconciliation.repository.js';

/** An order that waits for others. */
export interface WaitingRow {
  readonly orderId: string;
  readonly lookAt: Date;
  readonly cause: Cause;
  readonly nudgedIn: OrderStatus | null;
  readonly nudgedAt: Date | null;
  readonly failures: number;
}

export class OrderTables {
  readonly orders = new Table<Public<OrderEntity>>('orders');
  readonly waiting = new Table<WaitingRow>('waiting_order');
  readonly reconciliation = new ReconciliationTable();
  /** By order and position. */
  readonly timeline = new Table<TimelineEntryEntity>('order_timeline');

  /** An order's entries as a transaction sees them, or as they are committed, by position. */
  timelineOf(orderId: string, transaction?: Transaction): TimelineEntryEntity[] {
    const rows = transaction ? transaction.all(this.timeline) : this.timeline.rows;
    return [...rows.values()]
      .filter((entry) => entry.orderId === orderId)
      .toSorted((a, b) => a.position - b.position);
  }
}

const timelineKey = (orderId: string, position: number): string => `${orderId} ${position}`;

export class FakeOrderRepository implements Public<OrderRepository> {
  constructor(
    private readonly session: Session,
    private readonly tables: OrderTables,
  ) {}

  async find(id: string, manager?: EntityManager): Promise<OrderEntity | null> {
    const read = (transaction: Transaction): OrderEntity | null => {
      const order = transaction.get(this.tables.orders, id);
      return order ? { ...order } : null;
    };
    if (!manager) return this.session.autocommit('finds an order', read);
    return read(await this.session.statement(manager, 'finds an order'));
  }

  findOfUser(userId: string, limit: number, before?: string): Promise<OrderEntity[]> {
    return this.session.autocommit("finds a user's orders", (transaction) =>
      [...transaction.all(this.tables.orders).values()]
        .filter((order) => order.userId === userId && (before === undefined || order.id < before))
        .toSorted((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, limit),
    );
  }

  timelineOf(orderId: string): Promise<TimelineEntryEntity[]> {
    return this.session.autocommit('finds a timeline', (transaction) =>
      this.tables.timelineOf(orderId, transaction),
    );
  }

  async insert(manager: EntityManager, orders: readonly NewOrder[]): Promise<Set<string>> {
    const inserted = new Set<string>();
    const transaction = await this.session.statement(manager, 'inserts orders');
    for (const { lookAt: _, cause: __, ...order } of orders) {
      const isNew = await transaction.insertIfAbsent(this.tables.orders, order.id, {
        ...order,
        awaiting: [],
        reason: null,
        invoiceNumber: null,
        carrier: null,
        trackingNumber: null,
        updatedAt: order.createdAt,
      });
      if (isNew) inserted.add(order.id);
    }
    for (const { id: orderId, lookAt, cause } of orders) {
      if (!inserted.has(orderId)) continue;
      const waiting = { orderId, lookAt, cause, nudgedIn: null, nudgedAt: null, failures: 0 };
      await transaction.insert(this.tables.waiting, orderId, waiting);
    }
    return inserted;
  }

  async lock(manager: EntityManager, ids: readonly string[]): Promise<Map<string, OrderProgress>> {
    const transaction = await this.session.statement(manager, 'locks orders');
    const locked = new Map<string, OrderProgress>();
    for (const id of [...new Set(ids)].toSorted()) {
      if (!transaction.get(this.tables.orders, id)) continue;
      await transaction.lock(this.tables.orders, id);
      const order = transaction.get(this.tables.orders, id) as OrderEntity;
      const { userId, total, currency, status, awaiting, reason } = order;
      const { invoiceNumber, carrier, trackingNumber, version } = order;
      locked.set(id, {
        id,
        userId,
        total,
        currency,
        status,
        awaiting,
        reason,
        invoiceNumber,
        carrier,
        trackingNumber,
        version,
      });
    }
    return locked;
  }

  async lockWhole(manager: EntityManager, ids: readonly string[]): Promise<Map<string, OrderEntity>> {
    const transaction = await this.session.statement(manager, 'locks whole orders');
    const locked = new Map<string, OrderEntity>();
    for (const id of [...new Set(ids)].toSorted()) {
      if (!transaction.get(this.tables.orders, id)) continue;
      await transaction.lock(this.tables.orders, id);
      locked.set(id, structuredClone(transaction.get(this.tables.orders, id) as OrderEntity));
    }
    return locked;
  }

  idsAfter(id: string | undefined, since: Date | undefined, limit: number): Promise<string[]> {
    return this.session.autocommit('finds orders to report', (transaction) =>
      [...transaction.all(this.tables.orders).values()]
        .filter((order) => order.id > (id ?? '') && (!since || order.createdAt >= since))
        .map((order) => order.id)
        .toSorted()
        .slice(0, limit),
    );
  }

  async update(manager: EntityManager, orders: readonly OrderProgress[]): Promise<void> {
    if (orders.length === 0) return;
    const transaction = await this.session.statement(manager, 'updates orders');
    for (const { userId: _userId, total: _total, currency: _currency, ...changed } of orders) {
      if (!transaction.get(this.tables.orders, changed.id)) continue;
      await transaction.lock(this.tables.orders, changed.id);
      const before = transaction.get(this.tables.orders, changed.id) as Public<OrderEntity>;
      transaction.put(this.tables.orders, changed.id, {
        ...before,
        ...changed,
        updatedAt: new Date(transaction.now),
      });
      if (isWaiting(changed.status) || !transaction.get(this.tables.waiting, changed.id)) continue;
      await transaction.lock(this.tables.waiting, changed.id);
      transaction.delete(this.tables.waiting, changed.id);
    }
  }

  async insertTimeline(manager: EntityManager, entries: readonly NewTimelineEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const transaction = await this.session.statement(manager, 'inserts into timelines');
    for (const entry of entries) {
      await transaction.insert(this.tables.timeline, timelineKey(entry.orderId, entry.position), {
        ...entry,
        recordedAt: new Date(transaction.now),
      });
    }
  }
}
