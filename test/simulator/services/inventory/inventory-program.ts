import { ORDERS } from '@orderbridge/contracts';
import type { InventoryConfig } from '../../../../apps/inventory/src/inventory-environment.js';
import { CheckReservations } from '../../../../apps/inventory/src/reconcile-stock/check-reservations.js';
import { ReconcileStockConsumer } from '../../../../apps/inventory/src/reconcile-stock/reconcile-stock.consumer.js';
import { ReservationListing } from '../../../../apps/inventory/src/reconcile-stock/reservation-listing.js';
import { ReleaseStockConsumer } from '../../../../apps/inventory/src/release-stock/release-stock.consumer.js';
import { ReserveStockConsumer } from '../../../../apps/inventory/src/reserve-stock/reserve-stock.consumer.js';
import { ShipStockConsumer } from '../../../../apps/inventory/src/ship-stock/ship-stock.consumer.js';
import type { ReservationRepository } from '../../../../apps/inventory/src/storage/reservation.repository.js';
import type { StockRepository } from '../../../../apps/inventory/src/storage/stock.repository.js';
import { Reconciliation, type ReconciliationRepository } from '../../../../libs/reconciliation/src/index.js';
import { FakeReconciliationRepository } from '../fake-reconciliation.repository.js';
import type { Program } from '../program.js';
import { FakeReservationRepository } from './fake-reservation.repository.js';
import { FakeStockRepository } from './fake-stock.repository.js';

/** Longer than an order waits for anything, shorter than a run. */
const CONFIG = { RESERVATION_CHECK_SECONDS: 300 } as InventoryConfig;

/** apps/inventory on fakes. */
export function startInventory(program: Program): void {
  const { world, session, unitsOfWork } = program;
  const { tables } = world.inventory;
  const stock = new FakeStockRepository(session, tables.stock) as unknown as StockRepository;
  const reservations = world.part(
    'reservations',
    new FakeReservationRepository(session, tables.reservations),
    program,
  ) as ReservationRepository;
  const repository = new FakeReconciliationRepository(session, tables.reconciliation);
  const reconciliationRows = repository as unknown as ReconciliationRepository;
  const listing = new ReservationListing(reservations);
  const reconciliation = new Reconciliation(reconciliationRows, unitsOfWork, [listing]);
  program.reconcile(reconciliation);
  const check = new CheckReservations(reservations, unitsOfWork, CONFIG);
  program.repeat(30_000, () => check.run());
  program.publish();
  program.consumeKafka(
    [ORDERS.name],
    new ReserveStockConsumer(stock, reservations),
    new ReleaseStockConsumer(stock, reservations),
    new ShipStockConsumer(stock, reservations),
    new ReconcileStockConsumer(stock, reservations, reconciliationRows),
  );
}
