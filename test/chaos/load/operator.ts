import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningStack } from '@orderbridge/running-stack';
import type { Random } from '../plan/random.js';
import { answered } from './answered.js';

/** What was done with a letter, as its state says in the end. */
export type Decision = 'REDRIVEN' | 'DISCARDED';

interface Letter {
  readonly id: string;
  readonly eventId?: string;
}

/** Milliseconds between two decisions, and after which an answer counts as lost. */
const INTERVAL = 500;
const ANSWER_TIMEOUT = 3_000;
const PAGE = 100;

/** Who works off the dead letters that the poison makes, at the desk: sends some again, and gives some up. */
export class Operator {
  /** By letter id, what the desk has confirmed. */
  readonly decisions = new Map<string, Decision>();
  readonly problems: string[] = [];
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;

  constructor(
    private readonly stack: RunningStack,
    /** Events whose letters are decided on; the others are left to who looks into them. */
    private readonly poison: ReadonlySet<string>,
    private readonly random: Random,
  ) {
    this.#running = this.#run();
  }

  /** Decides nothing more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#decide();
      await sleep(INTERVAL, undefined, { signal }).catch(() => undefined);
    }
  }

  async #decide(): Promise<void> {
    const { stack, random, poison } = this;
    const open = stack.get('dead-letter-desk', `/dead-letters?state=OPEN&limit=${PAGE}`);
    const listed = await answered(open, ANSWER_TIMEOUT);
    if (listed?.status !== 200) return;
    const letters = (listed.body.letters as Letter[]).filter(({ eventId = '' }) => poison.has(eventId));
    if (letters.length === 0) return;
    const { id } = random.pick(letters);
    const again = random.chance(0.5);
    const path = `/dead-letters/${id}/${again ? 'redrive' : 'discard'}`;
    const body = again ? {} : { reason: 'poison' };
    const asked = stack.post('dead-letter-desk', path, body, { 'x-operator': 'chaos' });
    const answer = await answered(asked, ANSWER_TIMEOUT);
    if (answer?.status === 200) this.decisions.set(id, again ? 'REDRIVEN' : 'DISCARDED');
    // 409: decided before, and the answer was lost.
    else if (answer && answer.status < 500 && answer.status !== 409)
      this.problems.push(`POST ${path} answered ${answer.status}`);
  }
}
