import { orderCancellationConfirmed, orderCancelling } from '@orderbridge/contracts';
import type { Mutant } from './mutant.js';

/** Bugs of cancellations that come too late. */
export const CANCELLATION_MUTANTS: readonly Mutant[] = [
  {
    name: 'gives-back-before-the-parcel',
    bug: 'money and stock are given back before it is known whether the parcel can be kept back',
    replace: {
      routes: (real) => {
        const [cancelling, confirmed] = [
          real.get(orderCancelling.type),
          real.get(orderCancellationConfirmed.type),
        ];
        if (!cancelling || !confirmed) return real;
        return new Map(real).set(orderCancelling.type, {
          ...cancelling,
          handle: (events, context) => confirmed.handle(events, context),
        });
      },
    },
  },
];
