import type { EntityManager } from 'typeorm';
import type {
  Reservation,
  ReservationRepository,
} from '../../../../apps/inventory/src/storage/reservation.repository.js';
import type { Session } from '../../database/database.js';
import { Table } from '../../database/table.js';
import type { Public } from '../../public.js';

export interface ReservationRow extends Reservation {
  readonly status: 'RESERVED' | 'SHIPPED' | 'RELEASED';
}

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

  async insert(manager: EntityManager, reservations: readonly Reservation[]): Promise<void> {
    if (reservations.length === 0) return;
    const transaction = await this.session.statement(manager, 'inserts reservations');
    for (const { orderId, lines } of reservations)
      await transaction.insert(this.reservations, orderId, { orderId, lines, status: 'RESERVED' });
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
