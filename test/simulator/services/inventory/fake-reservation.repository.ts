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

export type ReservationRow = Reservation & Decision;

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
    const found = [...new Set(orderIds)]
      .map((orderId) => transaction.get(this.reservations, orderId))
      .filter((reservation) => reservation !== undefined);
    return new Map(
      found.map(({ orderId, status, lacking }) => [orderId, { orderId, status, lacking }] as const),
    );
  }

  async insert(manager: EntityManager, decisions: readonly NewDecision[]): Promise<void> {
    if (decisions.length === 0) return;
    const transaction = await this.session.statement(manager, 'inserts reservations');
    for (const { orderId, lines, lacking } of decisions) {
      await transaction.insert(this.reservations, orderId, {
        orderId,
        lines,
        status: lacking.length === 0 ? 'RESERVED' : 'REJECTED',
        lacking: lacking.length === 0 ? null : lacking,
      });
    }
  }

  async close(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    const transaction = await this.session.statement(manager, 'closes orders that are not reserved');
    for (const orderId of orderIds) {
      const closed = { orderId, lines: [], status: 'RELEASED' as const, lacking: null };
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
