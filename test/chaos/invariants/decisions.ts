import type { Decision } from '../load/operator.js';
import type { Evidence } from './evidence.js';
import type { Violation } from './violation.js';

/** What the desk has confirmed of dead letters stays as it was confirmed. */
export function decisionsNotKept(
  decisions: ReadonlyMap<string, Decision>,
  { letters }: Pick<Evidence, 'letters'>,
): Violation[] {
  const states = new Map(letters.map(({ id, state }) => [id, state]));
  return [...decisions]
    .filter(([id, decision]) => states.get(id) !== decision)
    .map(([id, decision]) => `desk: ${id} was ${decision} and is ${states.get(id) ?? 'unknown'}`);
}
