import fc from 'fast-check';
import { availableOf, release, reserve, ship, type Stock } from './reservation.js';

const stockOf = (pieces: Record<string, number>): Map<string, Stock> =>
  new Map(
    Object.entries(pieces).map(([productId, onHand]) => [productId, { onHand, reserved: 0, shipped: 0 }]),
  );

test('reserves every line', () => {
  const stock = stockOf({ lamp: 5, vase: 1 });
  const lines = [
    { productId: 'lamp', quantity: 2 },
    { productId: 'vase', quantity: 1 },
  ];
  expect(reserve(stock, lines)).toEqual([]);
  expect(stock.get('lamp')).toEqual({ onHand: 5, reserved: 2, shipped: 0 });
  expect(stock.get('vase')).toEqual({ onHand: 1, reserved: 1, shipped: 0 });
});

test('reserves nothing when one line lacks, and says what lacks', () => {
  const stock = stockOf({ lamp: 5, vase: 1 });
  const lines = [
    { productId: 'lamp', quantity: 2 },
    { productId: 'vase', quantity: 2 },
    { productId: 'sofa', quantity: 1 },
  ];
  expect(reserve(stock, lines)).toEqual([
    { productId: 'vase', quantity: 2, available: 1 },
    { productId: 'sofa', quantity: 1, available: 0 },
  ]);
  expect(stock.get('lamp')).toEqual({ onHand: 5, reserved: 0, shipped: 0 });
});

test('whatever is ordered, no product is oversold and every piece is accounted for', () => {
  const line = fc.record({
    productId: fc.constantFrom('lamp', 'vase', 'sofa'),
    quantity: fc.integer({ min: 1, max: 9 }),
  });
  const order = fc.uniqueArray(line, { minLength: 1, maxLength: 3, selector: ({ productId }) => productId });
  fc.assert(
    fc.property(fc.array(order, { maxLength: 30 }), fc.integer({ min: 0, max: 40 }), (orders, pieces) => {
      const stock = stockOf({ lamp: pieces, vase: pieces, sofa: pieces });
      const reserved = orders.filter((lines) => reserve(stock, lines).length === 0);
      for (const [productId, kept] of stock) {
        const promised = reserved.flat().filter((wanted) => wanted.productId === productId);
        expect(kept.reserved).toBe(promised.reduce((sum, { quantity }) => sum + quantity, 0));
        expect(availableOf(kept)).toBeGreaterThanOrEqual(0);
      }
      const [leaving, undone] = [
        reserved.filter((_, n) => n % 2 === 0),
        reserved.filter((_, n) => n % 2 === 1),
      ];
      for (const lines of leaving) ship(stock, lines);
      for (const lines of undone) release(stock, lines);
      for (const [productId, kept] of stock) {
        const left = leaving.flat().filter((shipped) => shipped.productId === productId);
        expect(kept).toEqual({
          reserved: 0,
          shipped: left.reduce((sum, { quantity }) => sum + quantity, 0),
          onHand: pieces - kept.shipped,
        });
      }
    }),
  );
});
