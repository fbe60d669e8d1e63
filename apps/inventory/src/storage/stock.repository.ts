import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { MoreThan, type EntityManager, type Repository } from 'typeorm';
import type { Stock } from '../domain/reservation.js';
import { StockEntity } from './stock.entity.js';

/**
 * What a service knows of its products' stock. Each call takes its locks in one order; a batch of several types of events
 * makes several calls, and two replicas may deadlock: PostgreSQL ends one of them, which is repeated.
 */
@Injectable()
export class StockRepository {
  constructor(@InjectRepository(StockEntity) private readonly stock: Repository<StockEntity>) {}

  find(productId: string): Promise<StockEntity | null> {
    return this.stock.findOneBy({ productId });
  }

  /** By product id; those after the product `after`, where given. */
  findPage(limit: number, after?: string): Promise<StockEntity[]> {
    return this.stock.find({
      ...(after && { where: { productId: MoreThan(after) } }),
      order: { productId: 'ASC' },
      take: limit,
    });
  }

  /** The stock of those of the products that are kept, locked against all other changes. */
  async lock(manager: EntityManager, productIds: Iterable<string>): Promise<Map<string, Stock>> {
    const rows: (Stock & { productId: string })[] = await manager.query(
      `SELECT product_id AS "productId", on_hand AS "onHand", reserved, shipped FROM stock
       WHERE product_id = ANY($1::uuid[]) ORDER BY product_id FOR NO KEY UPDATE`,
      [[...productIds]],
    );
    return new Map(rows.map(({ productId, ...stock }) => [productId, stock]));
  }

  /** Writes locked stock back. */
  async update(manager: EntityManager, stock: ReadonlyMap<string, Stock>): Promise<void> {
    if (stock.size === 0) return;
    const values = [...stock.values()];
    await manager.query(
      `UPDATE stock SET on_hand = changed.on_hand, reserved = changed.reserved, shipped = changed.shipped, updated_at = now()
       FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::integer[]) AS changed (product_id, on_hand, reserved, shipped)
       WHERE stock.product_id = changed.product_id`,
      [
        [...stock.keys()],
        values.map(({ onHand }) => onHand),
        values.map(({ reserved }) => reserved),
        values.map(({ shipped }) => shipped),
      ],
    );
  }
}
