import { CRASH_POINTS, type CrashPoint } from '@orderbridge/crash-points';
import { GARBAGE, type Garbage } from '../link/garbage.js';
import {
  CUT_OFF,
  DATABASES,
  DELETED_TOPICS,
  DESK,
  DISKS,
  HOSTILE_RECORDS,
  LINKS,
  losesMessages,
  PARTNERS,
  SERVICES,
  VICTIMS,
  WORKS,
  type Crashable,
  type Fault,
  type FaultKind,
} from './fault.js';
import { Random } from './random.js';

export interface PlannedFault {
  /** Seconds after the fault before it has struck, or after the start of the load. */
  readonly after: number;
  /** Whether it waits for the end of the fault before it. */
  readonly alone: boolean;
  readonly fault: Fault;
}

export interface Plan {
  readonly seed: number;
  readonly faults: readonly PlannedFault[];
}

/** Faults of a plan that are dealt in turn, so that neighbouring seeds bring all there are. */
const DEALT = 2;

/** Places that only some services come to. */
const PLACES: readonly [prefix: string, services: readonly Crashable[]][] = [
  ['ibm-mq.', ['payment']],
  ['work-items.', ['payment', 'shipping']],
  ['place-order.', ['order']],
  ['cancel-order.', ['order']],
  ['dead-letters.', [DESK]],
  ['relay.', [...SERVICES, DESK]],
];

/** The services that come to a crash point. */
export const servicesAt = (point: CrashPoint): readonly Crashable[] =>
  PLACES.find(([prefix]) => point.startsWith(prefix))?.[1] ?? SERVICES;

type Draw = (random: Random) => Fault;

const share = (random: Random): number => (random.chance(0.5) ? 1 : 0.5);

/** Every fault there is, with the numbers still open. */
const ALL: readonly Draw[] = [
  ...VICTIMS.map((victim): Draw => () => ({ kind: 'kill', victim })),
  ...CRASH_POINTS.flatMap((point) =>
    servicesAt(point).map((victim): Draw => (random) => ({
      kind: 'crash',
      victim,
      point,
      hit: point.startsWith('cancel') ? 1 : random.whole(1, 5),
    })),
  ),
  ...VICTIMS.map((victim): Draw => (random) => ({
    kind: 'freeze',
    victim,
    seconds: random.between(15.5, 18),
  })),
  ...LINKS.flatMap((link): Draw[] => [
    (random) => ({ kind: 'delay', link, milliseconds: random.whole(20, 400), seconds: random.between(2, 6) }),
    (random) => ({ kind: 'drop', link, share: share(random), seconds: random.between(0.1, 5) }),
    (random) => ({
      kind: 'half-open',
      link,
      unaware: 'service',
      share: share(random),
      seconds: random.between(1, 5),
    }),
    (random) => ({ kind: 'half-open', link, unaware: 'server', share: share(random), seconds: 0 }),
    (random) => ({ kind: 'lost-reply', link, replies: random.whole(1, 5) }),
  ]),
  ...(['postgres', 'kafka', 'mq'] as const).map((link): Draw => () => ({ kind: 'away', link, seconds: 60 })),
  ...DISKS.map((disk): Draw => (random) => ({ kind: 'disk-full', disk, seconds: random.between(3, 8) })),
  ...PARTNERS.flatMap((link) =>
    (Object.keys(GARBAGE) as Garbage[]).map((garbage): Draw => (random) => ({
      kind: 'garbage',
      link,
      garbage,
      asked: random.chance(0.5),
      seconds: random.between(2, 5),
    })),
  ),
  ...CUT_OFF.map(([service, link]): Draw => (random) => ({
    kind: 'cut-off',
    service,
    link,
    seconds: random.between(6, 10),
  })),
  ...DELETED_TOPICS.map((topic): Draw => () => ({ kind: 'topic deleted', topic })),
  ...HOSTILE_RECORDS.map((record): Draw => () => ({ kind: 'hostile record', record })),
  (random) => ({ kind: 'password', seconds: random.between(4, 10) }),
  (random) => ({ kind: 'certificate', seconds: random.between(4, 10) }),
  ...DATABASES.flatMap((database) =>
    WORKS.map((work): Draw => (random) => ({
      kind: 'maintenance',
      database,
      work,
      seconds: random.between(2, 6),
    })),
  ),
  ...[...SERVICES, 'all' as const].map((restored): Draw => (random) => ({
    kind: 'restore',
    restored,
    seconds: random.between(4, 10),
  })),
];

/** Neighbouring seeds that together bring every fault there is. */
export const ROUND = Math.ceil(ALL.length / DEALT);

/** In an order in which long faults are apart; the same in every run. */
const DECK = new Random(0).shuffled(ALL);

/**
 * What happens to the system under a seed; the same for the same seed and kinds.
 *
 * @param kinds those that may happen; all when undefined.
 */
export function planOf(seed: number, kinds?: ReadonlySet<FaultKind>): Plan {
  const random = new Random(seed);
  const deck = kinds ? DECK.filter((draw) => kinds.has(draw(new Random(0)).kind)) : DECK;
  const drawn = Array.from(
    { length: DEALT },
    (_, place) => deck[(seed * DEALT + place) % deck.length] as Draw,
  );
  const faults = drawn.map((draw) => draw(random));
  if (!kinds) for (let more = random.whole(0, 2); more > 0; more--) faults.push(shortFault(random));
  return {
    seed,
    faults: random.shuffled(faults).map((fault) => ({
      after: random.between(0.5, 3),
      alone: random.chance(0.5),
      fault,
    })),
  };
}

function shortFault(random: Random): Fault {
  for (;;) {
    const fault = random.pick(ALL)(random);
    if (fault.kind !== 'away' && fault.kind !== 'freeze' && !losesMessages(fault)) return fault;
  }
}
