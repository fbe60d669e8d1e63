import { TimeSlice } from './time-slice.js';

test('the event loop turns between the slices of those who wait at the same time', async () => {
  const order: string[] = [];
  const turn = (): void => {
    order.push('turn');
    immediate = setImmediate(turn);
  };
  let immediate = setImmediate(turn);
  const slices = ['first', 'second', 'third'].map(async (name) => {
    await new TimeSlice().next();
    order.push(name);
  });
  await Promise.all(slices);
  clearImmediate(immediate);
  expect(order).toEqual(['turn', 'first', 'turn', 'second', 'turn', 'third']);
});
