import type { Product } from '../../../../apps/order/src/domain/pricing.js';
import type { PriceList } from '../../../../apps/order/src/price-list/price-list.js';
import type { Public } from '../../public.js';

/** Everything is sold, at the price of its number. */
export class FakePriceList implements Public<PriceList> {
  find(productIds: Iterable<string>): Promise<Map<string, Product>> {
    const products = [...productIds].map((productId): [string, Product] => [
      productId,
      {
        productId,
        name: `product ${productId.slice(-2)}`,
        unitPrice: 100 + Number(productId.slice(-2)),
        currency: 'EUR',
      },
    ]);
    return Promise.resolve(new Map(products));
  }
}
