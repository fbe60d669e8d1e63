import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { InventoryTables1700000000001 } from '../../../../apps/inventory/src/storage/inventory-tables.migration.js';
import { OpenReservations1700000000003 } from '../../../../apps/inventory/src/storage/open-reservations.migration.js';
import { Rejections1700000000002 } from '../../../../apps/inventory/src/storage/rejections.migration.js';
import { ReservationRepository } from '../../../../apps/inventory/src/storage/reservation.repository.js';
import { StockEntity } from '../../../../apps/inventory/src/storage/stock.entity.js';
import { StockRepository } from '../../../../apps/inventory/src/storage/stock.repository.js';
import { connectTestDatabase } from '../../../postgres/test-database.js';
import { callOf, commandsOf, idOf, someId, someIds } from '../../database/commands.js';
import { quietSession, SideBySide } from '../../database/side-by-side.js';
import { FakeReservationRepository, ReservationTable } from './fake-reservation.repository.js';
import { FakeStockRepository, StockTable } from './fake-stock.repository.js';

const PRODUCTS = [1, 2, 3].map(idOf);

describe("inventory's fakes and PostgreSQL", () => {
  let dataSource: DataSource;

  beforeAll(async () => {
    dataSource = await connectTestDatabase(
      [InventoryTables1700000000001, Rejections1700000000002, OpenReservations1700000000003],
      [StockEntity],
    );
  });

  afterAll(() => dataSource.destroy());

  const begin = async () => {
    await dataSource.query('TRUNCATE stock, reservation');
    const table = new StockTable();
    for (const product of PRODUCTS) {
      await dataSource.query('INSERT INTO stock (product_id, name, on_hand) VALUES ($1, $2, 10)', [
        product,
        product,
      ]);
      table.rows.set(product, { onHand: 10, reserved: 0, shipped: 0 });
    }
    const session = quietSession();
    const real = {
      stock: new StockRepository(dataSource.getRepository(StockEntity)),
      reservations: new ReservationRepository(dataSource),
    };
    const fake = {
      stock: new FakeStockRepository(session, table),
      reservations: new FakeReservationRepository(session, new ReservationTable()),
    };
    return { session, real, fake, both: new SideBySide(dataSource, real, session, fake) };
  };

  test('answer the same, whatever is asked', async () => {
    const pieces = fc.integer({ min: -1, max: 12 });
    const stock = fc.record({ onHand: pieces, reserved: pieces, shipped: fc.nat(5) });
    const lines = fc.array(fc.record({ productId: someId, quantity: fc.integer({ min: 1, max: 3 }) }));
    const lack = fc.record({ productId: someId, quantity: fc.constant(3), available: fc.constant(1) });
    const reservation = fc.record({ orderId: someId, lines });
    const decision = fc.record({ orderId: someId, lines, lacking: fc.array(lack, { maxLength: 1 }) });
    const commands = commandsOf(
      [
        callOf('stock', 'lock', someIds),
        callOf(
          'stock',
          'update',
          fc
            .uniqueArray(fc.tuple(someId, stock), { selector: ([id]) => id, maxLength: 3 })
            .map((all) => new Map(all)),
        ),
        callOf('reservations', 'find', someIds),
        callOf('reservations', 'insert', fc.array(decision, { maxLength: 2 })),
        callOf('reservations', 'close', someIds),
        callOf('reservations', 'lock', someIds),
        callOf('reservations', 'reopen', fc.array(reservation, { maxLength: 1 })),
        callOf('reservations', 'takeOpenFor', fc.constantFrom(0, 1_000_000), fc.constant(9)),
        callOf('reservations', 'end', someIds, fc.constantFrom('SHIPPED', 'RELEASED')),
      ],
      [
        callOf('stock', 'find', someId),
        callOf('reservations', 'openAfter', fc.option(someId, { nil: undefined }), fc.constant(2)),
        callOf('stock', 'findPage', fc.integer({ min: 1, max: 3 }), fc.option(someId, { nil: undefined })),
      ],
    );
    await fc.assert(
      fc.asyncProperty(commands, async (all) => {
        const { both } = await begin();
        for (const command of [...all, { repository: 'stock', method: 'findPage', args: [9] }]) {
          const { real, fake } = await both.run(command);
          expect(fake).toEqual(real);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('let nobody reserve what another transaction is reserving', async () => {
    const { session, real, fake } = await begin();
    const [product] = PRODUCTS as [string];
    const reserveOne = async (
      { stock }: { stock: Pick<StockRepository, 'lock' | 'update'> },
      transaction: DataSource['transaction'],
    ): Promise<boolean> =>
      transaction(async (manager) => {
        const locked = await stock.lock(manager, [product]);
        const kept = locked.get(product);
        if (!kept || kept.onHand - kept.reserved < 3) return false;
        kept.reserved += 3;
        await stock.update(manager, locked);
        return true;
      });
    const inPostgres = dataSource.transaction.bind(dataSource);
    const inFake = session.transaction.bind(session) as unknown as DataSource['transaction'];
    const reserved = await Promise.all(
      Array.from({ length: 6 }, async () => [
        await reserveOne(real, inPostgres),
        await reserveOne(fake, inFake),
      ]),
    );
    expect(reserved.filter(([inReal]) => inReal)).toHaveLength(3);
    expect(reserved.filter(([, inTheFake]) => inTheFake)).toHaveLength(3);
  });
});
