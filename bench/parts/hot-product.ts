import { hot, uniform } from '../load/order-kinds.js';
import type { Part } from './part.js';
import { sideBySide } from './side-by-side.js';

/** What it costs that all orders want the same row of the stock. */
export const hotProduct: Part = async ({ orders, say }, { seconds, inFlight }) => {
  say('Closed loop, orders of one line: products in turn and one product for all, by turns …');
  const [spread, same] = await sideBySide(orders, inFlight, seconds, [uniform, hot]);
  return [
    { name: 'placed → SHIPPED, products in turn', value: `${spread.toFixed(0)} orders/s` },
    { name: 'placed → SHIPPED, one product for all', value: `${same.toFixed(0)} orders/s` },
    {
      name: 'one product, of products in turn',
      value: (same / spread).toFixed(3),
      target: '≥ 0.3',
      reached: same / spread >= 0.3,
    },
  ];
};
