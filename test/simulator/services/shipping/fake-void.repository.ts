import type { Backlog, Postponement, TakeRequest, WorkItem } from '@orderbridge/work-items';
import type { EntityManager } from 'typeorm';
import type {
  ParkedVoid,
  VoidedShipment,
  VoidItem,
  VoidRepository,
} from '../../../../apps/shipping/src/storage/void.repository.js';
import type { Postponed } from '../../../../apps/shipping/src/storage/shipment.repository.js';
import type { Session } from '../../database/database.js';
import { WorkRows } from '../../database/work-rows.js';
import type { Public } from '../../public.js';
import type { ShipmentRow, ShippingTables } from './fake-shipment.repository.js';

export class FakeVoidRepository implements Public<VoidRepository> {
  readonly #voids: WorkRows<ShipmentRow>;

  constructor(
    private readonly session: Session,
    private readonly tables: ShippingTables,
  ) {
    this.#voids = new WorkRows(tables.shipments, 'VOIDING');
  }

  takeDue(request: TakeRequest): Promise<VoidItem[]> {
    return this.session.autocommit('takes due voids', (transaction) =>
      this.#voids.take(transaction, request).map(({ id, attempts, itemFailures, orderId, cause }) => ({
        id,
        attempts,
        itemFailures,
        orderId,
        cause,
      })),
    );
  }

  backlog(): Promise<Backlog> {
    return this.session.autocommit('counts due voids', (transaction) =>
      this.#voids.backlog(transaction, ({ updatedAt }) => updatedAt),
    );
  }

  async postpone(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    postponement: Postponement,
  ): Promise<Postponed | undefined> {
    const transaction = await this.session.statement(manager, 'postpones a void');
    const row = await this.#voids.postpone(transaction, item, postponement);
    return row && { userId: row.userId, cause: row.cause };
  }

  async park(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    itemFailures: number,
  ): Promise<ParkedVoid | undefined> {
    const transaction = await this.session.statement(manager, 'parks a void');
    const row = await this.#voids.park(transaction, item, itemFailures);
    return row && { orderId: row.orderId, cause: row.cause, wantedSince: row.updatedAt };
  }

  async resume(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    await this.#voids.resume(await this.session.statement(manager, 'resumes voids'), orderIds);
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
