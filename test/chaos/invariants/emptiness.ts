import type { FaultKind } from '../plan/fault.js';
import type { Violation } from './violation.js';

/** What happened in a whole run. */
export interface Happened {
  /** Faults that were to strike, and whether they did. */
  readonly faults: readonly { readonly kind: FaultKind; readonly fired: boolean }[];
  readonly placed: number;
  readonly succeeded: number;
  /** Messages that nobody could handle, and decisions on their dead letters. */
  readonly poison: number;
  readonly decisions: number;
}

/**
 * I10: the run was not empty. Every kind of fault that was to strike did, at least half of the orders succeeded, and there
 * was something to do at the dead-letter desk.
 */
export function emptiness({ faults, placed, succeeded, poison, decisions }: Happened): Violation[] {
  const fired = new Set(faults.filter((fault) => fault.fired).map(({ kind }) => kind));
  const never = new Set(faults.map(({ kind }) => kind).filter((kind) => !fired.has(kind)));
  const violations = [...never].map((kind) => `I10: ${kind} was planned and never happened`);
  if (placed === 0) violations.push('I10: no order was placed');
  else if (succeeded < placed / 2) violations.push(`I10: only ${succeeded} of ${placed} orders succeeded`);
  if (poison === 0) violations.push('I10: no message was put that nobody can handle');
  if (decisions === 0) violations.push('I10: no dead letter was decided on');
  return violations;
}
