import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, type Repository } from 'typeorm';
import type { Product } from '../domain/pricing.js';
import { ProductEntity } from './product.entity.js';

/** Milliseconds for which a price may be used after it was read. */
const FRESH = 10_000;
/** Products remembered at the most. */
const CAPACITY = 10_000;

/** What products cost now. A change takes effect within ten seconds. */
@Injectable()
export class PriceList {
  readonly #remembered = new Map<string, { readonly product: Product; readonly until: number }>();

  constructor(@InjectRepository(ProductEntity) private readonly products: Repository<ProductEntity>) {}

  /** Those of the products that are on the list. */
  async find(productIds: Iterable<string>): Promise<Map<string, Product>> {
    const found = new Map<string, Product>();
    const wanted: string[] = [];
    const now = Date.now();
    for (const productId of productIds) {
      const remembered = this.#remembered.get(productId);
      if (remembered && remembered.until > now) found.set(productId, remembered.product);
      else wanted.push(productId);
    }
    if (wanted.length === 0) return found;
    for (const { id, name, unitPrice, currency } of await this.products.findBy({ id: In(wanted) })) {
      const product = { productId: id, name, unitPrice, currency };
      found.set(id, product);
      if (this.#remembered.size >= CAPACITY) this.#remembered.clear();
      this.#remembered.set(id, { product, until: now + FRESH });
    }
    return found;
  }
}
