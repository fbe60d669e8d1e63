/**
 * The life of a dead letter at the desk:
 *
 *     OPEN ──an operator sends it again──▶ REDRIVING ──▶ REDRIVEN
 *       ├────an operator gives it up─────▶ DISCARDING ─▶ DISCARDED
 *       └────it is gone from its queue, by somebody else's hand──▶ GONE ──it is there again──▶ OPEN
 *
 * On Kafka, where a letter stays in its topic for ever, REDRIVING and DISCARDING are passed over.
 */
export type LetterState = 'OPEN' | 'REDRIVING' | 'REDRIVEN' | 'DISCARDING' | 'DISCARDED' | 'GONE';

export const LETTER_STATES = [
  'OPEN',
  'REDRIVING',
  'REDRIVEN',
  'DISCARDING',
  'DISCARDED',
  'GONE',
] as const satisfies readonly LetterState[];

/** What an operator does with a letter. */
export type Action = 'redrive' | 'discard';

/** What is to be done when an operator asks for an action: do it, finish what was begun, nothing for it is done, or refuse. */
export type Step = 'begin' | 'finish' | 'done' | 'refuse';

const STATES: Readonly<Record<Action, { under: LetterState; after: LetterState }>> = {
  redrive: { under: 'REDRIVING', after: 'REDRIVEN' },
  discard: { under: 'DISCARDING', after: 'DISCARDED' },
};

export const underWay = (action: Action): LetterState => STATES[action].under;
export const afterwards = (action: Action): LetterState => STATES[action].after;

export function whenAsked(action: Action, state: LetterState): Step {
  if (state === 'OPEN') return 'begin';
  if (state === STATES[action].under) return 'finish';
  return state === STATES[action].after ? 'done' : 'refuse';
}

/** Why an action is refused, in words for the operator. */
export function whyRefused(action: Action, state: LetterState): string {
  const wanted = action === 'redrive' ? 'sent again' : 'discarded';
  if (state === 'GONE')
    return `Somebody else has taken the letter from its queue; it cannot be ${wanted}. Nothing was changed.`;
  return `The letter is ${state}; it cannot be ${wanted}. Nothing was changed.`;
}

/**
 * What a look at a backout queue says of a letter that was settled or left before the look began.
 *
 * @returns its state from now on. A letter that is seen was not moved after all, whatever was believed: what was begun is
 *   to be done again. One that is not seen was taken by somebody else.
 */
export function whenSeen(state: LetterState, seen: boolean): LetterState {
  if (!seen) return state === 'OPEN' ? 'GONE' : state;
  if (state === 'GONE') return 'OPEN';
  if (state === 'REDRIVEN') return 'REDRIVING';
  return state === 'DISCARDED' ? 'DISCARDING' : state;
}
