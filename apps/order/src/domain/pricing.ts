import { amount, toMajorUnits } from '@orderbridge/contracts';

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

/** An order that cannot be paid: its products are priced in several currencies, it costs nothing, or too much. */
export class UnpayableOrderError extends Error {
  override readonly name = 'UnpayableOrderError';
}

/**
 * Prices what was ordered, from the price list alone.
 *
 * @throws UnknownProductsError, UnpayableOrderError
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
  const [currency = '', ...others] = new Set([...products.values()].map((product) => product.currency));
  if (others.length > 0)
    throw new UnpayableOrderError(`Its products are priced in ${[currency, ...others].join(', ')}.`);
  if (total === 0) throw new UnpayableOrderError('It costs nothing.');
  if (!amount.safeParse(toMajorUnits(total)).success)
    throw new UnpayableOrderError(`It costs ${toMajorUnits(total)} ${currency}, too much for one payment.`);
  return { lines, currency, total };
}
