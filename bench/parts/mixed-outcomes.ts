import { allGood, mixed } from '../load/order-kinds.js';
import type { Part } from './part.js';
import { sideBySide } from './side-by-side.js';

/** What orders cost that fail and are undone. */
export const mixedOutcomes: Part = async ({ orders, say }, { seconds, inFlight }) => {
  say('Closed loop, all good and mixed (5 % out of stock, 5 % declined, 2 % carrier faults) by turns …');
  const [good, bad] = await sideBySide(orders, inFlight, seconds, [allGood, mixed]);
  return [
    { name: 'placed → ended, all good', value: `${good.toFixed(0)} orders/s` },
    { name: 'placed → ended, mixed', value: `${bad.toFixed(0)} orders/s` },
    {
      name: 'mixed, of all good',
      value: (bad / good).toFixed(3),
      target: '≥ 0.9',
      reached: bad / good >= 0.9,
    },
  ];
};
