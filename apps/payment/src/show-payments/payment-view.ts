import { toMajorUnits } from '@orderbridge/contracts';
import { z } from 'zod';
import type { InvoiceEntity } from '../storage/invoice.entity.js';
import type { PaymentEntity } from '../storage/payment.entity.js';

/** A payment as the API shows it. Amounts are in major units. */
export const paymentView = z
  .object({
    orderId: z.string(),
    paymentId: z.string(),
    status: z.enum(['PENDING', 'SUCCEEDED', 'FAILED', 'UNPAID', 'REFUNDING', 'REFUNDED']),
    amount: z.number(),
    currency: z.string(),
    chargeId: z.string().optional().describe("The gateway's id of the charge"),
    refundId: z.string().optional().describe("The gateway's id of the refund"),
    failure: z.object({ code: z.string(), reason: z.string() }).optional(),
    invoice: z
      .object({
        number: z.string(),
        issuedAt: z.string(),
        lines: z.array(
          z.object({ productId: z.string(), name: z.string(), quantity: z.number(), unitPrice: z.number() }),
        ),
      })
      .optional(),
    attempts: z.number().describe('How often the gateway was asked for what is due, or was last'),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Payment' });
export type PaymentView = z.infer<typeof paymentView>;

export function viewOf(payment: PaymentEntity, invoice: InvoiceEntity | null): PaymentView {
  return {
    orderId: payment.orderId,
    paymentId: payment.id,
    status: payment.status,
    amount: toMajorUnits(payment.amount),
    currency: payment.currency,
    ...(payment.chargeId && { chargeId: payment.chargeId }),
    ...(payment.refundId && { refundId: payment.refundId }),
    ...(payment.failureCode && {
      failure: { code: payment.failureCode, reason: payment.failureReason ?? '' },
    }),
    ...(invoice && {
      invoice: { number: invoice.number, issuedAt: invoice.issuedAt.toISOString(), lines: invoice.lines },
    }),
    attempts: payment.attempts,
    createdAt: payment.createdAt.toISOString(),
    updatedAt: payment.updatedAt.toISOString(),
  };
}
