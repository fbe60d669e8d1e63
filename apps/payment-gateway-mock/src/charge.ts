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
    status: z
      .enum(['succeeded', 'declined', 'failed'])
      .describe('failed: the gateway had a problem of its own and charged nothing; the key is used up'),
    amount: z.number(),
    currency: z.string(),
    source: z.string(),
    reference: z.string(),
    idempotencyKey: z.string().optional(),
    refundId: z.string().optional().describe('Where it was given back'),
    code: z.string().optional(),
    message: z.string().optional(),
    createdAt: z.string(),
  })
  .meta({ id: 'Charge' });
export type Charge = z.infer<typeof chargeSchema>;
