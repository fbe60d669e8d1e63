import { z } from 'zod';
import type { ChargeDecision } from '../domain/payment.js';

/** Longest text of a refusal that is kept; the rest is cut off. */
const MAX_MESSAGE_LENGTH = 500;

/** The gateway's ids: text that can be stored, shown and sent again. */
const gatewayId = z.string().regex(/^[\x21-\x7e]{1,255}$/);
/** The gateway's own codes, which no proxy's answer has. */
const code = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/);
const message = z
  .string()
  .transform((text) => Buffer.from(text.slice(0, MAX_MESSAGE_LENGTH)).toString().replaceAll('\0', '\ufffd'));

/** An error in the gateway's own form. Only that is a statement of the gateway. */
export const problem = z.object({ code, message });

export const charge = z.object({
  id: gatewayId,
  status: z.enum(['succeeded', 'declined', 'failed']),
  amount: z.int().optional(),
  currency: z.string().optional(),
  reference: z.string().max(255).optional(),
  refundId: gatewayId.nullish(),
  code: code.nullish(),
  message: message.nullish(),
});
export type GatewayCharge = z.infer<typeof charge>;

/** A charge in a list, where it has to say what it is for. */
export const listedCharge = charge.required({ amount: true, currency: true, reference: true });
export type ListedCharge = z.infer<typeof listedCharge>;
const nextCursor = z.string().min(1).max(1_000).nullish();
export const chargePage = z.object({ charges: z.array(listedCharge), nextCursor });

export const refund = z.object({
  id: gatewayId,
  charge: gatewayId.optional(),
  amount: z.int().optional(),
});
export type GatewayRefund = z.infer<typeof refund>;

/** A refund in a list, where it has to say what it gives back. */
export const listedRefund = refund
  .extend({ reference: z.string().max(255) })
  .required({ charge: true, amount: true });
export type ListedRefund = z.infer<typeof listedRefund>;
export const refundPage = z.object({ refunds: z.array(listedRefund), nextCursor });

/** A page of a whole list: its entries are judged one by one. */
export const pageOf = (name: 'charges' | 'refunds') =>
  z
    .object({ [name]: z.array(z.unknown()) })
    .and(z.object({ nextCursor }))
    .transform((page) => ({ entries: page[name] as unknown[], nextCursor: page.nextCursor ?? undefined }));

/** What a charge says: undefined where the gateway failed at it and charged nothing. */
export function decisionOf({
  id,
  status,
  refundId,
  code: reason,
  message: text,
}: GatewayCharge): ChargeDecision | undefined {
  if (status === 'failed') return undefined;
  if (status === 'declined') return refusal(reason ?? 'declined', text ?? undefined);
  return { approved: true, chargeId: id, ...(refundId && { refundId }) };
}

export const refusal = (
  refusedWith: string,
  reason = 'The payment gateway refused the charge.',
): ChargeDecision => ({ approved: false, code: refusedWith, reason });
