import { priceOrder, UnknownProductsError, UnpayableOrderError } from './pricing.js';

const products = new Map(
  [
    { productId: 'lamp', name: 'Lamp', unitPrice: 15_000, currency: 'EUR' },
    { productId: 'vase', name: 'Vase', unitPrice: 3_425, currency: 'EUR' },
  ].map((product) => [product.productId, product]),
);

test('prices come from the list, in minor units', () => {
  const order = priceOrder(
    new Map([
      ['lamp', 2],
      ['vase', 3],
    ]),
    products,
  );
  expect(order.total).toBe(40_275);
  expect(order.currency).toBe('EUR');
  expect(order.lines).toEqual([
    { productId: 'lamp', name: 'Lamp', quantity: 2, unitPrice: 15_000 },
    { productId: 'vase', name: 'Vase', quantity: 3, unitPrice: 3_425 },
  ]);
});

test('names every product that is not on the list', () => {
  const quantities = new Map([
    ['lamp', 1],
    ['sofa', 1],
    ['desk', 1],
  ]);
  expect(() => priceOrder(quantities, products)).toThrow(UnknownProductsError);
  expect(() => priceOrder(quantities, products)).toThrow(/sofa, desk/);
});

test.each([
  ['costs nothing', { lamp: { unitPrice: 0, currency: 'EUR' } }],
  ['costs too much', { lamp: { unitPrice: 500_000_001, currency: 'EUR' } }],
  [
    'has two currencies',
    { lamp: { unitPrice: 1, currency: 'EUR' }, vase: { unitPrice: 1, currency: 'USD' } },
  ],
])('an order that %s cannot be paid', (_, prices) => {
  const listed = new Map(
    Object.entries(prices).map(([productId, price]) => [productId, { productId, name: productId, ...price }]),
  );
  const quantities = new Map([...listed.keys()].map((productId) => [productId, 2]));
  expect(() => priceOrder(quantities, listed)).toThrow(UnpayableOrderError);
});
