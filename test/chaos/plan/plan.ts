import { CRASH_POINTS, type CrashPoint } from '@orderbridge/crash-points';
import { DESK, DISKS, LINKS, SERVICES, VICTIMS, type Crashable, type Fault } from './fault.js';
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
];

/** Neighbouring seeds that together bring every fault there is. */
export const ROUND = Math.ceil(ALL.length / DEALT);

/** In an order in which long faults are apart; the same in every run. */
const DECK = new Random(0).shuffled(ALL);

/** What happens to the system under a seed; the same for the same seed. */
export function planOf(seed: number): Plan {
  const random = new Random(seed);
  const drawn = Array.from(
    { length: DEALT },
    (_, place) => DECK[(seed * DEALT + place) % DECK.length] as Draw,
  );
  const faults = drawn.map((draw) => draw(random));
  for (let more = random.whole(0, 2); more > 0; more--) faults.push(shortFault(random));
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
    if (fault.kind !== 'away' && fault.kind !== 'freeze') return fault;
  }
}
