import { z } from 'zod';

export const refundRequest = z
  .strictObject({
    charge: z.string().min(1).describe('Id of the charge'),
    amount: z.int().min(1).describe('In minor units of the currency; the whole charge'),
    reference: z.string().min(1).describe("The merchant's own name for what was paid: the order"),
  })
  .meta({ id: 'RefundRequest' });
export type RefundRequest = z.infer<typeof refundRequest>;

export const refundSchema = z
  .object({
    id: z.string(),
    charge: z.string(),
    amount: z.number(),
    currency: z.string(),
    reference: z.string(),
    createdAt: z.string(),
  })
  .meta({ id: 'Refund' });
export type Refund = z.infer<typeof refundSchema>;
