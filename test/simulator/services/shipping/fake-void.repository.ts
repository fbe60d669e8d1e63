import type { Backlog } from '@orderbridge/work-items';
import type { EntityManager } from 'typeorm';
import type {
  ParkedVoid,
  VoidedShipment,
  VoidItem,
  VoidRepository,
} from '../../../../apps/shipping/src/storage/void.repository.js';
import type { Postponed } from '../../../../apps/shipping/src/storage/shipment.repository.js';
import type { Session } from '../../database/database.js';
import { backlogOf, takeDue } from '../../database/work-rows.js';
import type { Public } from '../../public.js';
import type { ShipmentRow, ShippingTables } from './fake-shipment.repository.js';

export class FakeVoidRepository implements Public<VoidRepository> {
  constructor(
    private readonly session: Session,
    private readonly tables: ShippingTables,
  ) {}

  takeDue(limit: number, lease: number): Promise<VoidItem[]> {
    return this.session.autocommit('takes due voids', (transaction) =>
      takeDue(transaction, this.tables.shipments, 'VOIDING', limit, lease).map(
        ({ id, attempts, orderId, cause }) => ({
          id,
          attempts,
          orderId,
          cause,
        }),
      ),
    );
  }

  backlog(): Promise<Backlog> {
    return this.session.autocommit('counts due voids', (transaction) =>
      backlogOf(transaction, this.tables.shipments, 'VOIDING', ({ updatedAt }) => updatedAt),
    );
  }

  async postpone(manager: EntityManager, id: string, delay: number): Promise<Postponed | undefined> {
    const transaction = await this.session.statement(manager, 'postpones a void');
    const [row] = await transaction.update(this.tables.shipments, isVoiding([id]), () => ({
      dueAt: transaction.now + delay,
    }));
    return row && { userId: row.userId, cause: row.cause };
  }

  async park(manager: EntityManager, id: string): Promise<ParkedVoid | undefined> {
    const transaction = await this.session.statement(manager, 'parks a void');
    const isOpen = (shipment: ShipmentRow) => isVoiding([id])(shipment) && shipment.dueAt < Infinity;
    const [parked] = await transaction.update(this.tables.shipments, isOpen, () => ({ dueAt: Infinity }));
    return parked && { orderId: parked.orderId, cause: parked.cause, wantedSince: parked.updatedAt };
  }

  async resume(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    const transaction = await this.session.statement(manager, 'resumes voids');
    const isParked = ({ orderId, status, dueAt }: ShipmentRow) =>
      orderIds.includes(orderId) && status === 'VOIDING' && dueAt === Infinity;
    await transaction.update(this.tables.shipments, isParked, () => ({
      dueAt: transaction.now,
      attempts: 0,
    }));
  }

  async complete(manager: EntityManager, ids: readonly string[]): Promise<VoidedShipment[]> {
    const transaction = await this.session.statement(manager, 'completes voids');
    const rows = await transaction.update(this.tables.shipments, isVoiding(ids), () => ({
      status: 'VOIDED' as const,
    }));
    return rows.map(({ id, orderId, userId, trackingNumber, cause }) => ({
      id,
      orderId,
      userId,
      trackingNumber: trackingNumber as string,
      cause,
    }));
  }
}

const isVoiding =
  (ids: readonly string[]) =>
  (shipment: ShipmentRow): boolean =>
    ids.includes(shipment.id) && shipment.status === 'VOIDING';
