import type { Answer } from './answer.js';

/** What a request meets: once its effect has been had, or instead of it. */
export interface Disturbance {
  /** How many of the first requests meet it; Infinity for all. */
  readonly times: number;
  /** Whether what was asked for is done all the same. */
  readonly isDone: boolean;
  readonly answer: Answer;
}

/** How the gateway behaves for a token, as payment gateways' test tokens do. */
export interface Behaviour {
  /** What the tokens' table says. */
  readonly about: string;
  readonly decline?: { readonly code: string; readonly message: string };
  /** The first request is answered 500, and that answer is kept under its key. */
  readonly storesError?: boolean;
  /** One after the other. */
  readonly charge?: readonly Disturbance[];
  readonly refund?: readonly Disturbance[];
}

const first = (times: number, answer: Answer): Disturbance => ({ times, isDone: false, answer });
const always = (answer: Answer): Disturbance => first(Infinity, answer);
const doneFirst = (times: number, answer: Answer): Disturbance => ({ times, isDone: true, answer });
const doneAlways = (answer: Answer): Disturbance => doneFirst(Infinity, answer);

const DECLINED = { code: 'card_declined', message: 'The card was declined.' };
const REFUSED: Answer = { kind: 'refusal', status: 402, ...DECLINED };

/** By token. */
export const BEHAVIOURS: ReadonlyMap<string, Behaviour> = new Map<string, Behaviour>([
  ['tok_approve', { about: 'charged' }],
  ['tok_decline', { about: 'declined: card_declined', decline: DECLINED }],
  [
    'tok_insufficient_funds',
    {
      about: 'declined: insufficient_funds',
      decline: { code: 'insufficient_funds', message: 'The card has insufficient funds.' },
    },
  ],
  ['tok_timeout', { about: 'charged; the first answer comes too late', charge: [doneFirst(1, 'late')] }],
  ['tok_error', { about: '500 twice, then charged', charge: [first(2, 'error')] }],
  ['tok_stored_error', { about: '500, kept under the key; charged under another key', storesError: true }],
  ['tok_poison', { about: '500 always, nothing is charged', charge: [always('error')] }],
  ['tok_poison_timeout', { about: 'no answer ever, nothing is charged', charge: [always('late')] }],
  ['tok_retry_after', { about: '503 with Retry-After: 2 once, then charged', charge: [first(1, 'busy')] }],
  ['tok_foreign_404', { about: "a proxy's 404 twice, then charged", charge: [first(2, 'foreign-404')] }],
  ['tok_foreign_400', { about: "a proxy's 400 twice, then charged", charge: [first(2, 'foreign-400')] }],
  [
    'tok_lost_then_404',
    {
      about: "charged, the answer is lost; then a proxy's 404",
      charge: [doneFirst(1, 'lost'), doneAlways('foreign-404')],
    },
  ],
  [
    'tok_lost_then_refused',
    {
      about: 'charged, the answer is lost; then card_declined',
      charge: [doneFirst(1, 'lost'), doneAlways(REFUSED)],
    },
  ],
  ['tok_garbage', { about: 'charged; answered by what is no charge', charge: [doneAlways('garbage')] }],
  ['tok_huge', { about: 'charged; answered by 256 MB', charge: [doneAlways('huge')] }],
  ['tok_empty', { about: 'charged; answered by an empty body', charge: [doneAlways('empty')] }],
  [
    'tok_refund_timeout',
    { about: 'charged; the first answer to its refund comes too late', refund: [doneFirst(1, 'late')] },
  ],
  ['tok_refund_error', { about: 'charged; its refund: 500 twice', refund: [first(2, 'error')] }],
  ['tok_refund_poison', { about: 'charged; its refund: 500 always', refund: [always('error')] }],
  [
    'tok_refund_refused',
    {
      about: 'charged; its refund is refused permanently',
      refund: [
        always({ kind: 'refusal', status: 422, code: 'account_closed', message: 'The account is closed.' }),
      ],
    },
  ],
  [
    'tok_refund_lost_then_refused',
    {
      about: 'charged; refunded, the answer is lost; then already_refunded',
      refund: [
        doneFirst(1, 'lost'),
        doneAlways({
          kind: 'refusal',
          status: 422,
          code: 'already_refunded',
          message: 'The charge was given back before.',
        }),
      ],
    },
  ],
  [
    'tok_refund_foreign_404',
    { about: "charged; its refund: a proxy's 404 twice", refund: [first(2, 'foreign-404')] },
  ],
]);

/** What the nth request (from 1) meets; undefined when nothing. */
export function disturbanceOf(
  disturbances: readonly Disturbance[] = [],
  nth: number,
): Disturbance | undefined {
  let before = 0;
  return disturbances.find(({ times }) => nth <= (before += times));
}

/** One line per token. */
export const tokensTable = (): string =>
  [...BEHAVIOURS].map(([token, { about }]) => `${token}: ${about}`).join('; ');
