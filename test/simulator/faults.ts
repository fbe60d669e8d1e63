import type { Random } from './schedule/random.js';

/** What may go wrong, and the highest rate at which it does: per occasion, or per step where it says so. */
const HIGHEST_RATES = {
  /** A process dies; per step. */
  crash: 0.01,
  /** A process is asked to stop, and started again; per step. */
  stop: 0.01,
  /** A statement, or the connection at a COMMIT, fails. */
  database: 0.02,
  /** A broker fails while it takes messages: it may have some, or all. */
  publish: 0.2,
  /** A partner does not take a request. */
  partnerAway: 0.3,
  /** A partner does what it is asked, and its reply is lost. */
  replyLost: 0.3,
  /** A proxy answers in a partner's place, which may have done what it was asked. */
  foreignAnswer: 0.2,
  /** The gateway refuses a refund permanently, and makes it when it is asked again. */
  refundRefused: 0.3,
  /** A partner is asked, and does it much later. */
  partnerLate: 0.2,
  /** A consumer group is rebalanced, though nobody died: what is not committed is delivered again; per step. */
  rebalance: 0.005,
  /** A relay loses its lead without knowing; per step. */
  leadLost: 0.003,
  /** One of two processes of a service no longer reaches a broker, for a while or until it ends; per step. */
  cutOff: 0.003,
  /** A handler has a bug that a message brings out, until it is mended. */
  poison: 0.03,
  /** A handler fails once. */
  stumble: 0.03,
  /** Time jumps, so that everything that waits for a time-out gets one; per step. */
  jump: 0.005,
  /** A message that is none is on a topic or queue; per step. */
  garbage: 0.002,
  /** The operator sends a dead letter again at once, perhaps twice; per step. */
  redrive: 0.02,
} as const;

export type Fault = keyof typeof HIGHEST_RATES;

/** Decides what goes wrong. Each run has some kinds of faults only, each at a rate of its own. */
export class Faults {
  /** How often what happened. */
  readonly counts = new Map<Fault, number>();
  #active = true;
  readonly #rates = new Map<Fault, number>();

  constructor(private readonly random: Random) {
    for (const [fault, highest] of Object.entries(HIGHEST_RATES)) {
      if (random.chance(0.6)) this.#rates.set(fault as Fault, highest * random.next());
    }
  }

  happens(fault: Fault): boolean {
    const rate = this.#active ? this.#rates.get(fault) : undefined;
    if (rate === undefined || !this.random.chance(rate)) return false;
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
    return true;
  }

  toss(): boolean {
    return this.random.chance(0.5);
  }

  get active(): boolean {
    return this.#active;
  }

  /** Nothing goes wrong from now on. */
  end(): void {
    this.#active = false;
  }
}
