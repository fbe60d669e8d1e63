import { z } from 'zod';
import { validationProblem } from './validation-problem.js';

const items = z.union([
  z.record(z.guid(), z.int().min(1)),
  z.array(z.strictObject({ productId: z.guid(), quantity: z.int().min(1) })),
]);
const schema = z.strictObject({ userId: z.guid(), items });

const errorsOf = (value: unknown) => {
  const result = schema.safeParse(value);
  return result.success ? [] : (validationProblem(result.error.issues).problem.errors ?? []);
};
const userId = '11111111-1111-1111-1111-111111111111';

test('names the field, the unknown field and the wrong type', () => {
  expect(errorsOf({ userId: 5, items: {}, colour: 'red' })).toEqual([
    { pointer: '/userId', detail: expect.stringContaining('expected string') },
    { pointer: '/colour', detail: 'Unknown field' },
  ]);
});

test('of a union, speaks of the alternative that the value is closest to', () => {
  expect(errorsOf({ userId, items: { [userId]: -1 } })).toEqual([
    { pointer: `/items/${userId}`, detail: expect.stringContaining('>=1') },
  ]);
  expect(errorsOf({ userId, items: [{ productId: userId, quantity: 'two' }] })).toEqual([
    { pointer: '/items/0/quantity', detail: expect.stringContaining('expected number') },
  ]);
});

test('says which key is none', () => {
  expect(errorsOf({ userId, items: { tea: 1 } })).toEqual([
    { pointer: '/items/tea', detail: expect.stringContaining('Invalid key') },
  ]);
});
