import { amount, id, paymentToken, shipTo } from '@orderbridge/contracts';
import { z } from 'zod';

/** Most distinct products of one order. */
export const MAX_LINES = 100;
/** Most pieces of one product in one order. */
export const MAX_QUANTITY = 1_000;

const quantity = z.int().min(1).max(MAX_QUANTITY);

const isUnique = (ids: readonly string[]): boolean => new Set(ids).size === ids.length;

const items = z.union([
  z
    .record(z.guid(), quantity)
    .refine((map) => Object.keys(map).length > 0, 'must name at least one product')
    .refine((map) => Object.keys(map).length <= MAX_LINES, `must name at most ${MAX_LINES} products`)
    // As they were sent: keys that become the same would leave one of their quantities.
    .refine(
      (map) => isUnique(Object.keys(map).map((productId) => productId.toLowerCase())),
      'must not name a product twice',
    )
    .overwrite((map) =>
      Object.fromEntries(Object.entries(map).map(([productId, pieces]) => [productId.toLowerCase(), pieces])),
    ),
  z
    .array(z.strictObject({ productId: id, quantity }))
    .min(1, 'must name at least one product')
    .max(MAX_LINES, `must name at most ${MAX_LINES} products`)
    .refine((list) => isUnique(list.map(({ productId }) => productId)), 'must not name a product twice'),
]);

/** Body of `POST /orders`. */
export const placeOrderBody = z
  .strictObject({
    userId: id.describe('Who orders'),
    items: items.describe(
      'What is ordered: a map of product id to quantity, or a list of { productId, quantity }',
    ),
    amount: amount
      .optional()
      .describe('What the customer expects to pay in all; refused when the prices say otherwise'),
    totalAmount: amount.optional().describe('The same as amount'),
    shipTo: z
      .strictObject(shipTo.shape)
      .optional()
      .describe('Where to; only an installation with a default address may leave it out'),
    paymentToken: paymentToken
      .optional()
      .describe("The gateway's token of the customer's means of payment, e.g. tok_approve"),
  })
  .meta({
    id: 'PlaceOrder',
    examples: [
      {
        userId: '11111111-1111-1111-1111-111111111111',
        amount: 500,
        items: { 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa': 2, 'bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb': 1 },
      },
    ],
  });
export type PlaceOrderBody = z.infer<typeof placeOrderBody>;

/** The quantities of both forms, by product. */
export function quantitiesOf({ items: given }: PlaceOrderBody): Map<string, number> {
  return new Map(
    Array.isArray(given)
      ? given.map(({ productId, quantity: pieces }) => [productId, pieces])
      : Object.entries(given),
  );
}
