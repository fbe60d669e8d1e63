import type { Backlog, Postponement, TakeRequest, WorkItem } from '@orderbridge/work-items';
import type { EntityManager } from 'typeorm';
import type {
  ClosingItem,
  ClosingRepository,
} from '../../../../apps/shipping/src/storage/closing.repository.js';
import type { ParkedBooking } from '../../../../apps/shipping/src/storage/shipment.repository.js';
import type { Session } from '../../database/database.js';
import { WorkRows } from '../../database/work-rows.js';
import type { Public } from '../../public.js';
import { parked, type ShipmentRow, type ShippingTables } from './fake-shipment.repository.js';

export class FakeClosingRepository implements Public<ClosingRepository> {
  readonly #closings: WorkRows<ShipmentRow>;

  constructor(
    private readonly session: Session,
    tables: ShippingTables,
  ) {
    this.#closings = new WorkRows(tables.shipments, 'CLOSING');
  }

  takeDue(request: TakeRequest): Promise<ClosingItem[]> {
    return this.session.autocommit('takes due closings', (transaction) =>
      this.#closings
        .take(transaction, request)
        .map(({ id, attempts, itemFailures, orderId, cause, askedAt }) => ({
          id,
          attempts,
          itemFailures,
          orderId,
          cause,
          inDoubtForMs: askedAt === null ? null : transaction.now - askedAt,
        })),
    );
  }

  async postpone(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    postponement: Postponement,
  ): Promise<void> {
    const transaction = await this.session.statement(manager, 'postpones a closing');
    await this.#closings.postpone(transaction, item, postponement);
  }

  async park(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    itemFailures: number,
  ): Promise<ParkedBooking | undefined> {
    const transaction = await this.session.statement(manager, 'parks a closing');
    const row = await this.#closings.park(transaction, item, itemFailures);
    return row && parked(row);
  }

  backlog(): Promise<Backlog> {
    return this.session.autocommit('counts due closings', (transaction) =>
      this.#closings.backlog(transaction, ({ updatedAt }) => updatedAt),
    );
  }
}
