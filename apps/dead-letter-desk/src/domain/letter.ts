/**
 * The life of a dead letter at the desk:
 *
 *     OPEN ──an operator sends it again──▶ REDRIVING ──▶ REDRIVEN
 *       ├────an operator discards it─────▶ DISCARDING ─▶ DISCARDED
 *       ├────an operator gives the parked call up ─────▶ GIVEN_UP
 *       └────it is gone from its queue, by somebody else's hand──▶ GONE ──it is there again──▶ OPEN
 *
 * On Kafka, where a letter stays in its topic for ever, REDRIVING and DISCARDING are passed over. Parked calls are on
 * Kafka only.
 */
export const LETTER_STATES = [
  'OPEN',
  'REDRIVING',
  'REDRIVEN',
  'GIVEN_UP',
  'DISCARDING',
  'DISCARDED',
  'GONE',
] as const;
export type LetterState = (typeof LETTER_STATES)[number];

/** What an operator does with a letter. */
export type Action = 'redrive' | 'discard' | 'give-up';
/** What can be done with a letter on a queue, where it takes two steps. */
export type QueueAction = Exclude<Action, 'give-up'>;

/** What is to be done when an operator asks for an action: do it, finish what was begun, nothing for it is done, or refuse. */
export type Step = 'begin' | 'finish' | 'done' | 'refuse';

const UNDER: Readonly<Record<QueueAction, LetterState>> = { redrive: 'REDRIVING', discard: 'DISCARDING' };
const AFTER: Readonly<Record<Action, LetterState>> = {
  redrive: 'REDRIVEN',
  discard: 'DISCARDED',
  'give-up': 'GIVEN_UP',
};
const PARTICIPLES: Readonly<Record<Action, string>> = {
  redrive: 'sent again',
  discard: 'discarded',
  'give-up': 'given up',
};

export const underWay = (action: QueueAction): LetterState => UNDER[action];
export const afterwards = (action: Action): LetterState => AFTER[action];

export function whenAsked(action: Action, state: LetterState): Step {
  if (state === 'OPEN') return 'begin';
  if (action !== 'give-up' && state === UNDER[action]) return 'finish';
  return state === AFTER[action] ? 'done' : 'refuse';
}

/** Why an action is refused, in words for the operator. */
export function whyRefused(action: Action, state: LetterState): string {
  const wanted = PARTICIPLES[action];
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
