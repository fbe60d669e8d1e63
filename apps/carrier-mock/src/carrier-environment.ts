import type { Environment } from '@orderbridge/service';
import { z } from 'zod';

export const carrierEnvironment = {
  LEDGER_FOLDER: z.string().describe('folder in which the carrier keeps its shipments'),
  LATE_ANSWER_MS: z.coerce
    .number()
    .int()
    .min(0)
    .default(10_000)
    .describe('milliseconds by which the answer to a booking for the postal code 99408 is late'),
  DELIVERY_AFTER_MS: z.coerce
    .number()
    .int()
    .min(1_000)
    .default(60_000)
    .describe('milliseconds from the booking of a shipment to its delivery'),
} satisfies Environment;

export type CarrierConfig = z.infer<z.ZodObject<typeof carrierEnvironment>>;
