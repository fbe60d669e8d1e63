import type { EntityManager } from 'typeorm';
import type { Stock } from '../../../../apps/inventory/src/domain/reservation.js';
import type { StockEntity } from '../../../../apps/inventory/src/storage/stock.entity.js';
import type { StockRepository } from '../../../../apps/inventory/src/storage/stock.repository.js';
import type { Session } from '../../database/database.js';
import { Table } from '../../database/table.js';
import type { Public } from '../../public.js';

export class StockTable extends Table<Stock> {
  constructor() {
    super('stock', ({ onHand, reserved }) =>
      reserved < 0 || onHand < reserved ? `${onHand} on hand, ${reserved} reserved` : undefined,
    );
  }
}

export class FakeStockRepository implements Public<StockRepository> {
  constructor(
    private readonly session: Session,
    private readonly stock: StockTable,
  ) {}

  find(productId: string): Promise<StockEntity | null> {
    return this.session.autocommit('finds stock', (transaction) => {
      const stock = transaction.get(this.stock, productId);
      return stock ? entity(productId, stock) : null;
    });
  }

  findPage(limit: number, after = ''): Promise<StockEntity[]> {
    return this.session.autocommit('finds a page of stock', (transaction) =>
      [...transaction.all(this.stock)]
        .filter(([productId]) => productId > after)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, limit)
        .map(([productId, stock]) => entity(productId, stock)),
    );
  }

  async lock(manager: EntityManager, productIds: Iterable<string>): Promise<Map<string, Stock>> {
    const transaction = await this.session.statement(manager, 'locks stock');
    const locked = new Map<string, Stock>();
    for (const productId of [...new Set(productIds)].toSorted()) {
      if (!transaction.get(this.stock, productId)) continue;
      await transaction.lock(this.stock, productId);
      locked.set(productId, { ...(transaction.get(this.stock, productId) as Stock) });
    }
    return locked;
  }

  async update(manager: EntityManager, stock: ReadonlyMap<string, Stock>): Promise<void> {
    if (stock.size === 0) return;
    const transaction = await this.session.statement(manager, 'updates stock');
    for (const [productId, changed] of stock) {
      if (!transaction.get(this.stock, productId)) continue;
      await transaction.lock(this.stock, productId);
      transaction.put(this.stock, productId, { ...changed });
    }
  }
}

const entity = (productId: string, stock: Stock): StockEntity => ({
  productId,
  name: productId,
  ...stock,
  updatedAt: new Date(),
});
