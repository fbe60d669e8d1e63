import { ORDERS } from '@orderbridge/contracts';
import { ReleaseStockConsumer } from '../../../../apps/inventory/src/release-stock/release-stock.consumer.js';
import { ReserveStockConsumer } from '../../../../apps/inventory/src/reserve-stock/reserve-stock.consumer.js';
import { ShipStockConsumer } from '../../../../apps/inventory/src/ship-stock/ship-stock.consumer.js';
import type { ReservationRepository } from '../../../../apps/inventory/src/storage/reservation.repository.js';
import type { StockRepository } from '../../../../apps/inventory/src/storage/stock.repository.js';
import type { Program } from '../program.js';
import { FakeReservationRepository } from './fake-reservation.repository.js';
import { FakeStockRepository } from './fake-stock.repository.js';

/** apps/inventory on fakes. */
export function startInventory(program: Program): void {
  const { world, session } = program;
  const { tables } = world.inventory;
  const stock = new FakeStockRepository(session, tables.stock) as unknown as StockRepository;
  const reservations = world.part(
    'reservations',
    new FakeReservationRepository(session, tables.reservations),
    program,
  ) as ReservationRepository;
  program.publish();
  program.consumeKafka(
    [ORDERS.name],
    new ReserveStockConsumer(stock, reservations),
    new ReleaseStockConsumer(stock, reservations),
    new ShipStockConsumer(stock, reservations),
  );
}
