import { currency, shipTo } from '@orderbridge/contracts';
import { databaseEnvironment, type Environment } from '@orderbridge/service';
import { kafkaEnvironment } from '@orderbridge/kafka';
import { z } from 'zod';

export const orderEnvironment = {
  ...databaseEnvironment,
  ...kafkaEnvironment,
  CURRENCY: currency.default('EUR').describe('ISO 4217 code of the prices'),
  SEED_FILE: z.string().optional().describe('JSON file of products to put on an empty price list'),
  DEFAULT_SHIP_TO: z
    .string()
    .transform((value, context) => {
      try {
        return JSON.parse(value) as unknown;
      } catch {
        context.addIssue('must be JSON');
        return z.NEVER;
      }
    })
    .pipe(shipTo)
    .optional()
    .describe('address in JSON for orders that come without one; for demonstrations'),
  DEFAULT_PAYMENT_TOKEN: z
    .string()
    .optional()
    .describe('payment token for orders that come without one; for demonstrations'),
} satisfies Environment;

/** The order service's configuration. */
export type OrderConfig = z.infer<z.ZodObject<typeof orderEnvironment>>;

/** Injection token of an `OrderConfig`. */
export const ORDER_CONFIG = Symbol('OrderConfig');
