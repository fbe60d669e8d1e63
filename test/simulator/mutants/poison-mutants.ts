import { ItemFailedError, PartnerUnavailableError } from '@orderbridge/work-items';
import { instead } from './instead.js';
import type { Mutant } from './mutant.js';

/** Bugs that let one item hurt others, or itself for ever. */
export const POISON_MUTANTS: readonly Mutant[] = [
  {
    name: 'poison-counts-for-the-breaker',
    bug: 'what fails by itself counts as trouble of the partner, and is retried for ever',
    replace: {
      operation: (real) =>
        instead(real, {
          // As if each attempt were the first one, of which no failure is taken for the item's own.
          execute: (item, call) =>
            real.execute(item && { ...item, attempts: 1 }, async () => {
              try {
                return await call();
              } catch (error) {
                throw error instanceof ItemFailedError ? new PartnerUnavailableError(error.message) : error;
              }
            }),
        }),
    },
  },
];
