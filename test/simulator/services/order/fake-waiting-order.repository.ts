import type { EntityManager } from 'typeorm';
import type {
  DueOrder,
  NextLook,
  WaitingOrderRepository,
  WaitingOrders,
} from '../../../../apps/order/src/storage/waiting-order.repository.js';
import type { Session } from '../../database/database.js';
import type { Public } from '../../public.js';
import type { OrderTables, WaitingRow } from './fake-order.repository.js';

export class FakeWaitingOrderRepository implements Public<WaitingOrderRepository> {
  constructor(
    private readonly session: Session,
    private readonly tables: OrderTables,
  ) {}

  async lockDue(manager: EntityManager, limit: number, orderIds?: readonly string[]): Promise<DueOrder[]> {
    const transaction = await this.session.statement(manager, 'locks due orders');
    const { orders, waiting } = this.tables;
    const due = [...transaction.all(waiting).values()]
      .filter(({ lookAt }) => lookAt.getTime() <= transaction.now)
      .filter(({ orderId }) => !orderIds || orderIds.includes(orderId))
      .toSorted((a, b) => a.lookAt.getTime() - b.lookAt.getTime());
    const locked: DueOrder[] = [];
    for (const { orderId, cause, nudgedIn, nudgedAt, failures } of due) {
      if (locked.length === limit) break;
      if (!transaction.get(orders, orderId)) continue;
      if (transaction.isLockedByAnother(waiting, orderId) || transaction.isLockedByAnother(orders, orderId))
        continue;
      await transaction.lock(waiting, orderId);
      await transaction.lock(orders, orderId);
      locked.push({ orderId, cause, nudgedIn, nudgedAt, failures, now: new Date(transaction.now) });
    }
    return locked;
  }

  async since(manager: EntityManager, orderIds: readonly string[]): Promise<Map<string, Date>> {
    const transaction = await this.session.statement(manager, 'reads since when orders wait');
    const found = new Map<string, Date>();
    for (const orderId of new Set(orderIds)) {
      const status = transaction.get(this.tables.orders, orderId)?.status;
      const moments = this.tables
        .timelineOf(orderId, transaction)
        .filter((entry) => entry.status === status)
        .map(({ recordedAt }) => recordedAt.getTime());
      if (moments.length > 0) found.set(orderId, new Date(Math.min(...moments)));
    }
    return found;
  }

  async forget(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    const transaction = await this.session.statement(manager, 'forgets orders that wait for nothing');
    for (const orderId of orderIds) {
      if (!transaction.get(this.tables.waiting, orderId)) continue;
      await transaction.lock(this.tables.waiting, orderId);
      transaction.delete(this.tables.waiting, orderId);
    }
  }

  async putBehind(manager: EntityManager, orderId: string, delayMs: number): Promise<void> {
    const transaction = await this.session.statement(manager, 'puts an order behind the others');
    await transaction.update(
      this.tables.waiting,
      (row) => row.orderId === orderId,
      ({ failures }) => ({ failures: failures + 1, lookAt: new Date(transaction.now + delayMs) }),
    );
  }

  async count(manager: EntityManager): Promise<WaitingOrders[]> {
    const transaction = await this.session.statement(manager, 'counts the orders that wait');
    const counts = new Map<string, WaitingOrders>();
    for (const { orderId } of transaction.all(this.tables.waiting).values()) {
      const order = transaction.get(this.tables.orders, orderId);
      if (!order) continue;
      const { status, createdAt } = order;
      const { orders = 0, oldestSeconds = 0 } = counts.get(status) ?? {};
      const age = (transaction.now - createdAt.getTime()) / 1_000;
      counts.set(status, { status, orders: orders + 1, oldestSeconds: Math.max(oldestSeconds, age) });
    }
    return [...counts.values()];
  }

  async lookAgain(manager: EntityManager, looks: readonly NextLook[]): Promise<void> {
    if (looks.length === 0) return;
    const transaction = await this.session.statement(manager, 'writes when to look again');
    for (const { orderId, lookAt, nudgedIn } of looks) {
      await transaction.update(
        this.tables.waiting,
        (row) => row.orderId === orderId,
        (): Partial<WaitingRow> => ({
          lookAt,
          failures: 0,
          ...(nudgedIn && { nudgedIn, nudgedAt: new Date(transaction.now) }),
        }),
      );
    }
  }
}
