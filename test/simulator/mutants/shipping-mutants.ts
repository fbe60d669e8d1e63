import { instead } from './instead.js';
import type { Mutant } from './mutant.js';

/** Bugs of bookings, of their look-ups and of voids. */
export const SHIPPING_MUTANTS: readonly Mutant[] = [
  {
    name: 'believes-the-carrier-after-doubt',
    bug: 'after an attempt without an answer the carrier is not asked what it has',
    replace: {
      carrier: (real) => instead(real, { getShipment: () => Promise.resolve(undefined) }),
    },
  },
  {
    name: 'delivered-is-cancelled',
    bug: 'a label that the carrier refuses to void counts as void',
    replace: {
      carrier: (real) =>
        instead(real, {
          voidShipment: async (item) => {
            await real.voidShipment(item);
            return undefined;
          },
        }),
    },
  },
];
