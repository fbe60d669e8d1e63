import type { EntityManager } from 'typeorm';
import type {
  Decision,
  NewDecision,
  Reservation,
  ReservationRepository,
} from '../../../../apps/inventory/src/storage/reservation.repository.js';
import type { Session } from '../../database/database.js';
import { Table } from '../../database/table.js';
import type { Public } from '../../public.js';

export type ReservationRow = Decision & Reservation;

export class ReservationTable extends Table<ReservationRow> {
  constructor() {
    super('reservation');
  }
}

export class FakeReservationRepository implements Public<ReservationRepository> {
  constructor(
    private readonly session: Session,
    private readonly reservations: ReservationTable,
  ) {}

  async find(manager: EntityManager, orderIds: readonly string[]): Promise<Map<string, Decision>> {
    const transaction = await this.session.statement(manager, 'finds reservations');
    const found = new Map<string, Decision>();
    for (const orderId of orderIds) {
      const row = transaction.get(this.reservations, orderId);
      if (row) found.set(orderId, { orderId, status: row.status, lacking: row.lacking });
    }
    return found;
  }

  async insert(manager: EntityManager, decisions: readonly NewDecision[]): Promise<void> {
    if (decisions.length === 0) return;
    const transaction = await this.session.statement(manager, 'inserts reservations');
    for (const { orderId, lines, lacking } of decisions) {
      const isReserved = lacking.length === 0;
      await transaction.insert(this.reservations, orderId, {
        orderId,
        status: isReserved ? 'RESERVED' : 'REJECTED',
        lines,
        lacking: isReserved ? null : lacking,
      });
    }
  }

  async close(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    const transaction = await this.session.statement(manager, 'closes reservations');
    for (const orderId of orderIds) {
      const closed = { orderId, status: 'RELEASED', lines: [], lacking: null } as const;
      await transaction.insertIfAbsent(this.reservations, orderId, closed);
    }
  }

  async end(
    manager: EntityManager,
    orderIds: readonly string[],
    status: 'SHIPPED' | 'RELEASED',
  ): Promise<Reservation[]> {
    const transaction = await this.session.statement(manager, `ends reservations as ${status}`);
    const wanted = new Set(orderIds);
    const ended = await transaction.update(
      this.reservations,
      (reservation) => wanted.has(reservation.orderId) && reservation.status === 'RESERVED',
      () => ({ status }),
    );
    return ended.map(({ orderId, lines }) => ({ orderId, lines }));
  }
}
