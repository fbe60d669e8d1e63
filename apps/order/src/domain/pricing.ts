/** A product as it is sold now. */
export interface Product {
  readonly productId: string;
  readonly name: string;
  /** In minor units of the currency. */
  readonly unitPrice: number;
  readonly currency: string;
}

export interface PricedLine {
  readonly productId: string;
  readonly name: string;
  readonly quantity: number;
  /** In minor units. */
  readonly unitPrice: number;
}

export interface PricedOrder {
  readonly lines: readonly PricedLine[];
  readonly currency: string;
  /** In minor units. */
  readonly total: number;
}

/** Products that the price list does not have. */
export class UnknownProductsError extends Error {
  override readonly name = 'UnknownProductsError';

  constructor(readonly productIds: readonly string[]) {
    super(`Unknown products: ${productIds.join(', ')}`);
  }
}

/**
 * Prices what was ordered, from the price list alone.
 *
 * @throws UnknownProductsError
 */
export function priceOrder(
  quantities: ReadonlyMap<string, number>,
  products: ReadonlyMap<string, Product>,
): PricedOrder {
  const unknown = [...quantities.keys()].filter((productId) => !products.has(productId));
  if (unknown.length > 0) throw new UnknownProductsError(unknown);
  const lines = [...quantities].map(([productId, quantity]) => {
    const { name, unitPrice } = products.get(productId) as Product;
    return { productId, name, quantity, unitPrice };
  });
  const total = lines.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice, 0);
  const currency = ([...products.values()][0] as Product).currency;
  return { lines, currency, total };
}
