import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { amount, cleanText, currency, MAX_PRODUCT_NAME, toMajorUnits } from '@orderbridge/contracts';
import { GroupCommit } from '@orderbridge/messaging';
import { In, type Repository } from 'typeorm';
import type { Product } from '../domain/pricing.js';
import { ProductEntity } from './product.entity.js';

/** Milliseconds for which a price may be used after it was read. */
const FRESH = 10_000;
/** Products remembered at the most. */
const CAPACITY = 10_000;

/** Most orders whose products are read at once. */
const BATCH = 500;
/** Milliseconds for which an order waits behind others while the database is unavailable. */
const PATIENCE_MS = 5_000;

/**
 * What products cost now. A change takes effect within ten seconds. One question at a time goes to the database, for all
 * who wait: after an outage, as many as there are storefronts want to know at once.
 */
@Injectable()
export class PriceList {
  readonly #remembered = new Map<string, { readonly product: Product; readonly until: number }>();
  readonly #questions = new GroupCommit<readonly string[], Map<string, Product>>(
    (questions) => this.#answer(questions),
    { maxItems: BATCH, patienceMs: PATIENCE_MS },
  );

  constructor(@InjectRepository(ProductEntity) private readonly products: Repository<ProductEntity>) {}

  /** Those of the products that are on the list. */
  async find(productIds: Iterable<string>): Promise<Map<string, Product>> {
    const wanted = [...productIds];
    const { found, missing } = this.#remember(wanted);
    return missing.length === 0 ? found : this.#questions.submit(wanted);
  }

  async #answer(questions: readonly (readonly string[])[]): Promise<Map<string, Product>[]> {
    const { found, missing } = this.#remember(new Set(questions.flat()));
    const until = Date.now() + FRESH;
    const rows = missing.length === 0 ? [] : await this.products.findBy({ id: In(missing) });
    for (const row of rows) {
      const { id } = row;
      const product = productOf(row);
      if (!product) continue;
      found.set(id, product);
      if (this.#remembered.size >= CAPACITY) this.#remembered.clear();
      this.#remembered.set(id, { product, until });
    }
    return questions.map(
      (productIds) =>
        new Map(
          productIds.flatMap((id) => {
            const product = found.get(id);
            return product ? [[id, product]] : [];
          }),
        ),
    );
  }

  /** Which of the products need not be read. */
  #remember(productIds: Iterable<string>): { found: Map<string, Product>; missing: string[] } {
    const found = new Map<string, Product>();
    const missing: string[] = [];
    const now = Date.now();
    for (const productId of productIds) {
      const remembered = this.#remembered.get(productId);
      if (remembered && remembered.until > now) found.set(productId, remembered.product);
      else missing.push(productId);
    }
    return { found, missing };
  }
}

/** As an order can have it: rows are written by other hands. Undefined where its price is none. */
function productOf({ id, name, unitPrice, currency: code }: ProductEntity): Product | undefined {
  if (!amount.safeParse(toMajorUnits(unitPrice)).success || !currency.safeParse(code).success)
    return undefined;
  return { productId: id, name: cleanText(name, MAX_PRODUCT_NAME), unitPrice, currency: code };
}
