import { z } from 'zod';

export const chargeRequest = z
  .strictObject({
    amount: z.int().min(1).describe('In minor units of the currency'),
    currency: z.string().regex(/^[A-Z]{3}$/),
    source: z.string().min(1).describe('Token of the means of payment; see the description of this API'),
    reference: z.string().min(1).describe("The merchant's own name for what is paid: the order"),
  })
  .meta({ id: 'ChargeRequest' });
export type ChargeRequest = z.infer<typeof chargeRequest>;

export const chargeSchema = z
  .object({
    id: z.string(),
    status: z.enum(['succeeded', 'declined']),
    amount: z.number(),
    currency: z.string(),
    source: z.string(),
    reference: z.string(),
    code: z.string().optional(),
    message: z.string().optional(),
    createdAt: z.string(),
  })
  .meta({ id: 'Charge' });
export type Charge = z.infer<typeof chargeSchema>;

/** How the gateway behaves for a token, as payment gateways' test tokens do. */
export type Behaviour =
  /** `refund`: what happens to its refund at first: it is made, but answered too late; or it fails twice with 500. */
  | { readonly kind: 'approve'; readonly refund?: 'late' | 'error' }
  | { readonly kind: 'decline'; readonly code: string; readonly message: string }
  /** The charge is made, but the first answers come too late. */
  | { readonly kind: 'late'; readonly attempts: number }
  /** The first attempts fail with 500 before anything is charged. */
  | { readonly kind: 'error'; readonly attempts: number };

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  tok_approve: { kind: 'approve' },
  tok_decline: { kind: 'decline', code: 'card_declined', message: 'The card was declined.' },
  tok_insufficient_funds: {
    kind: 'decline',
    code: 'insufficient_funds',
    message: 'The card has insufficient funds.',
  },
  tok_timeout: { kind: 'late', attempts: 1 },
  tok_error: { kind: 'error', attempts: 2 },
  tok_refund_timeout: { kind: 'approve', refund: 'late' },
  tok_refund_error: { kind: 'approve', refund: 'error' },
};

export const TOKENS = Object.keys(BEHAVIOURS);

export const behaviourOf = (token: string): Behaviour | undefined => BEHAVIOURS[token];
