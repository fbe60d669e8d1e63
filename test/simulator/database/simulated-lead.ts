import type { Candidate } from '@orderbridge/messaging';

/** The lead of one lane of a service's outbox: one candidate has it at a time, but for moments. */
export class SimulatedLead {
  leader: Candidate | undefined;
  /** Those who would lead, with what makes them. */
  readonly #candidates = new Map<Candidate, () => void>();
  /** Makes the leader notice that it no longer leads. */
  #lose: (() => void) | undefined;

  /** `lead` is called when the candidate leads, with what is to be called when it has lost the lead. */
  stand(candidate: Candidate, lead: (lost: (lose: () => void) => void) => void): void {
    this.#candidates.set(candidate, () => lead((lose) => (this.#lose = lose)));
    this.#elect();
  }

  /** The candidate's process has died. */
  withdraw(candidate: Candidate): void {
    this.#candidates.delete(candidate);
    if (this.leader === candidate) this.leader = undefined;
    this.#elect();
  }

  /** Whether another one leads from now on. */
  giveUp(candidate: Candidate): boolean {
    if (this.leader !== candidate || this.#candidates.size === 0) return false;
    this.#lose = undefined;
    this.leader = undefined;
    this.#elect();
    return true;
  }

  /** The connection that holds the lead breaks: another process may lead before the old leader notices. */
  break(): void {
    if (!this.leader) return;
    this.#lose?.();
    this.#lose = undefined;
    this.leader = undefined;
    this.#elect();
  }

  #elect(): void {
    if (this.leader) return;
    const [next] = this.#candidates;
    if (!next) return;
    const [candidate, lead] = next;
    this.#candidates.delete(candidate);
    this.leader = candidate;
    lead();
  }
}
