import type { EventRoute } from '@orderbridge/messaging';
import { v7 as uuid } from 'uuid';
import { transactionOf } from '../database/database.js';
import type { World } from '../world.js';
import { instead } from './instead.js';
import type { Mutant } from './mutant.js';

/** Ids that any consumer of any service has claimed. */
const claimedByAnyone = new WeakMap<World, Set<string>>();

const swallowing = (route: EventRoute): EventRoute => ({
  ...route,
  handle: async (events, context) => {
    try {
      await route.handle(events, context);
    } catch {
      // The bug: the events count as handled.
    }
  },
});

/** Bugs of inbox, outbox, acknowledgement and dead letters. */
export const MESSAGING_MUTANTS: readonly Mutant[] = [
  {
    name: 'publish-outside-the-transaction',
    bug: 'messages go to the outbox in a transaction of their own',
    replace: {
      store: (real) =>
        instead(real, {
          append: (_manager, messages) => real.transaction((other) => real.append(other, messages)),
        }),
    },
  },
  {
    name: 'no-inbox',
    bug: 'each delivery counts, also of what was handled before',
    replace: {
      store: (real) =>
        instead(real, {
          claim: async (manager, consumer, ids) => {
            await real.claim(manager, consumer, ids);
            return new Set(ids);
          },
        }),
    },
  },
  {
    name: 'inbox-without-the-consumer',
    bug: 'a message counts as handled once any consumer has handled it',
    replace: {
      store: (real, { world }) =>
        instead(real, {
          claim: async (manager, consumer, ids) => {
            const claimed = claimedByAnyone.get(world) ?? new Set();
            claimedByAnyone.set(world, claimed);
            const fresh = await real.claim(manager, consumer, ids);
            for (const id of [...fresh]) {
              if (claimed.has(id)) fresh.delete(id);
              else transactionOf(manager).atCommit(() => claimed.add(id));
            }
            return fresh;
          },
        }),
    },
  },
  {
    name: 'acknowledge-before-commit',
    bug: 'offsets and units of work are committed before the database has committed',
    replace: { acknowledge: () => 'before' },
  },
  {
    name: 'swallow-the-error',
    bug: 'what a handler throws is caught, and its events count as handled',
    replace: {
      routes: (real) => new Map([...real].map(([type, route]) => [type, swallowing(route)])),
    },
  },
  {
    name: 'redrive-without-dedupe',
    bug: 'a dead letter is sent again as a new message each time',
    replace: {
      redriven: (real) => ({ ...real, headers: { ...real.headers, ce_id: uuid() } }),
    },
  },
  {
    name: 'leader-for-ever',
    bug: 'a leader that alone cannot reach its broker keeps the lead',
    replace: {
      store: (real) =>
        instead(real, {
          stand: (broker, candidate) =>
            real.stand(
              broker,
              instead(candidate, {
                lead: ({ signal }) => candidate.lead({ signal, giveUp: () => undefined }),
              }),
            ),
        }),
    },
  },
];
