import type { EntityManager } from 'typeorm';
import type {
  Decision,
  KeptReservation,
  NewDecision,
  Reservation,
  ReservationRepository,
} from '../../../../apps/inventory/src/storage/reservation.repository.js';
import type { Session } from '../../database/database.js';
import { Table } from '../../database/table.js';
import type { Public } from '../../public.js';

export type ReservationRow = KeptReservation & {
  /** When it was last written, in milliseconds since 1970. */
  readonly since?: number;
};

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
        since: transaction.now,
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

  async takeBack(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    const transaction = await this.session.statement(manager, 'takes shipped reservations back');
    const wanted = new Set(orderIds);
    await transaction.update(
      this.reservations,
      ({ orderId, status }) => wanted.has(orderId) && status === 'SHIPPED',
      () => ({ status: 'RELEASED' as const }),
    );
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

  async lock(manager: EntityManager, orderIds: readonly string[]): Promise<Map<string, KeptReservation>> {
    const transaction = await this.session.statement(manager, 'locks reservations');
    const locked = new Map<string, KeptReservation>();
    for (const orderId of [...new Set(orderIds)].toSorted()) {
      if (!transaction.get(this.reservations, orderId)) continue;
      await transaction.lock(this.reservations, orderId);
      const { since: _since, ...row } = transaction.get(this.reservations, orderId) as ReservationRow;
      locked.set(orderId, row);
    }
    return locked;
  }

  async reopen(manager: EntityManager, reservations: readonly Reservation[]): Promise<void> {
    if (reservations.length === 0) return;
    const transaction = await this.session.statement(manager, 'reopens reservations');
    for (const { orderId, lines } of reservations)
      await transaction.update(
        this.reservations,
        (row) => row.orderId === orderId,
        () => ({ status: 'RESERVED' as const, lines, lacking: null, since: transaction.now }),
      );
  }

  openAfter(orderId: string | undefined, limit: number): Promise<string[]> {
    return this.session.autocommit('finds open reservations', (transaction) =>
      [...transaction.all(this.reservations).values()]
        .filter((row) => row.status === 'RESERVED' && row.orderId > (orderId ?? ''))
        .map((row) => row.orderId)
        .toSorted()
        .slice(0, limit),
    );
  }

  async takeOpenFor(manager: EntityManager, ageMs: number, limit: number): Promise<string[]> {
    const transaction = await this.session.statement(manager, 'takes old reservations');
    const taken: string[] = [];
    for (const [orderId, { status, since = 0 }] of transaction.all(this.reservations)) {
      if (taken.length === limit) break;
      if (status !== 'RESERVED' || since > transaction.now - ageMs) continue;
      if (transaction.isLockedByAnother(this.reservations, orderId)) continue;
      await transaction.update(
        this.reservations,
        (row) => row.orderId === orderId,
        () => ({ since: transaction.now }),
      );
      taken.push(orderId);
    }
    return taken;
  }
}
