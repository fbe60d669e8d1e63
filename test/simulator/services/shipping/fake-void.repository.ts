import type { Backlog, Postponement, TakeRequest, WorkItem } from '@orderbridge/work-items';
import type { EntityManager } from 'typeorm';
import type {
  ParkedVoid,
  VoidItem,
  VoidRepository,
} from '../../../../apps/shipping/src/storage/void.repository.js';
import type { VoidDecision } from '../../../../apps/shipping/src/domain/shipment.js';
import type {
  AnnouncedShipment,
  Postponed,
} from '../../../../apps/shipping/src/storage/shipment.repository.js';
import type { Session } from '../../database/database.js';
import { WorkRows } from '../../database/work-rows.js';
import type { Public } from '../../public.js';
import { announced, type ShipmentRow, type ShippingTables } from './fake-shipment.repository.js';

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

  async giveUp(manager: EntityManager, orderIds: readonly string[]): Promise<AnnouncedShipment[]> {
    const transaction = await this.session.statement(manager, 'gives voids up');
    return this.#goOn(
      transaction,
      ({ orderId, dueAt }) => orderIds.includes(orderId) && dueAt === Infinity,
      () => undefined,
    );
  }

  async complete(
    manager: EntityManager,
    decisions: readonly { readonly id: string; readonly decision: VoidDecision }[],
  ): Promise<AnnouncedShipment[]> {
    const transaction = await this.session.statement(manager, 'completes voids');
    const voided = new Set(decisions.filter(({ decision }) => decision.voided).map(({ id }) => id));
    const rows = await transaction.update(
      this.tables.shipments,
      ({ id, status }) => voided.has(id) && status === 'VOIDING',
      () => ({ status: 'VOIDED' as const }),
    );
    const refused = new Map(
      decisions.flatMap(({ id, decision }) => (decision.voided ? [] : [[id, decision.deliveredAt] as const])),
    );
    const goneOn = await this.#goOn(
      transaction,
      ({ id }) => refused.has(id),
      ({ id }) => refused.get(id),
    );
    return [...rows.map(announced), ...goneOn];
  }

  /** The parcels of shipments that were to be voided go on. */
  async #goOn(
    transaction: Awaited<ReturnType<Session['statement']>>,
    isMeant: (row: ShipmentRow) => boolean,
    deliveredAtOf: (row: ShipmentRow) => Date | undefined,
  ): Promise<AnnouncedShipment[]> {
    const before = new Map<string, boolean>();
    const rows = await transaction.update(
      this.tables.shipments,
      (row) => row.status === 'VOIDING' && isMeant(row),
      (row) => {
        const deliveredAt = deliveredAtOf(row) ?? row.deliveredAt;
        before.set(row.id, row.cancelled);
        return {
          status: deliveredAt ? ('DELIVERED' as const) : ('BOOKED' as const),
          deliveredAt,
          failureCode: null,
          failureReason: null,
          cancelled: false,
          retrying: false,
          itemFailures: 0,
          dueAt: transaction.now,
        };
      },
    );
    return rows.map((row) => ({ ...announced(row), cancelled: before.get(row.id) ?? false }));
  }
}
