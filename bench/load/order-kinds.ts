/** What an order is made for. */
export type OrderKind =
  'good' | 'out of stock' | 'declined' | 'refused by the carrier' | 'carrier in trouble';

/** Where orders of a kind end. */
export const ENDS: Readonly<Record<OrderKind, 'SHIPPED' | 'REJECTED' | 'PAYMENT_FAILED' | 'REFUNDED'>> = {
  good: 'SHIPPED',
  'out of stock': 'REJECTED',
  declined: 'PAYMENT_FAILED',
  'refused by the carrier': 'REFUNDED',
  'carrier in trouble': 'SHIPPED',
};

/** Products that are in stock for as long as it takes. */
const PRODUCTS = [
  'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa',
  'bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb',
  'eeeeeeee-eeee-eeee-eeee-eeeeeeeeeeee',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '00000000-0000-4000-8000-000000000001',
  '00000000-0000-4000-8000-000000000002',
  '00000000-0000-4000-8000-000000000003',
  '00000000-0000-4000-8000-000000000004',
];
const SOLD_OUT = 'dddddddd-dddd-dddd-dddd-dddddddddddd';
const USER = '55555555-5555-5555-5555-555555555555';

export interface OrderToPlace {
  readonly kind: OrderKind;
  readonly body: object;
}

/** The nth order (0, 1, …) of a load. */
export type Load = (n: number) => OrderToPlace;

const product = (n: number): string => PRODUCTS[n % PRODUCTS.length] as string;

/** Two lines, spread over the products; all can be shipped. */
export const allGood: Load = (n) => orderOf('good', n);

/** 5 % out of stock, 5 % declined, 2 % carrier faults: 1 % refused for good, 1 % that fail twice and are booked then. */
export const mixed: Load = (n) => {
  if (n % 20 === 7) return orderOf('out of stock', n);
  if (n % 20 === 13) return orderOf('declined', n);
  if (n % 100 === 41) return orderOf('refused by the carrier', n);
  if (n % 100 === 91) return orderOf('carrier in trouble', n);
  return orderOf('good', n);
};

/** One line; each product as often as any other. */
export const uniform: Load = (n) => ({ kind: 'good', body: { userId: USER, items: { [product(n)]: 1 } } });

/** One line, always of the same product. */
export const hot: Load = () => ({ kind: 'good', body: { userId: USER, items: { [product(0)]: 1 } } });

function orderOf(kind: OrderKind, n: number): OrderToPlace {
  const second = kind === 'out of stock' ? SOLD_OUT : product(n + 3);
  const postalCodes: Partial<Record<OrderKind, string>> = {
    'refused by the carrier': '00000',
    'carrier in trouble': '99500',
  };
  const postalCode = postalCodes[kind];
  const body = {
    userId: USER,
    items: { [product(n)]: 2, [second]: 1 },
    ...(kind === 'declined' && { paymentToken: 'tok_decline' }),
    ...(postalCode && {
      shipTo: { name: 'Ada Example', street: '1 Market Street', postalCode, city: 'Berlin', country: 'DE' },
    }),
  };
  return { kind, body };
}
