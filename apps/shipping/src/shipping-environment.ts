import { kafkaEnvironment } from '@orderbridge/kafka';
import { reconciliationEnvironment } from '@orderbridge/reconciliation';
import { databaseEnvironment, type Environment } from '@orderbridge/service';
import { z } from 'zod';

export const shippingEnvironment = {
  ...databaseEnvironment,
  ...kafkaEnvironment,
  ...reconciliationEnvironment,
  CARRIER_URL: z.url().describe("address of the carrier's SOAP service"),
  CARRIER_TIMEOUT_MS: z.coerce
    .number()
    .int()
    .min(100)
    .max(10_000)
    .default(5_000)
    .describe('milliseconds after which a booking without an answer is repeated'),
  DELIVERY_POLL_MS: z.coerce
    .number()
    .int()
    .min(100)
    .default(5_000)
    .describe('milliseconds between questions to the carrier what was delivered'),
} satisfies Environment;

/** The shipping service's configuration. */
export type ShippingConfig = z.infer<z.ZodObject<typeof shippingEnvironment>>;

/** Injection token of a `ShippingConfig`. */
export const SHIPPING_CONFIG = Symbol('ShippingConfig');
