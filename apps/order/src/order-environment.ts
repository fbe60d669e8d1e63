import { currency, shipTo } from '@orderbridge/contracts';
import { databaseEnvironment, type Environment } from '@orderbridge/service';
import { kafkaEnvironment } from '@orderbridge/kafka';
import { reconciliationEnvironment } from '@orderbridge/reconciliation';
import { z } from 'zod';
import type { Deadlines } from './domain/fulfilment.js';

const deadline = (minutes: number, waitsFor: string) =>
  z.coerce
    .number()
    .positive()
    .max(86_400 * 30)
    .default(minutes * 60)
    .describe(
      `seconds after which an order that waits for ${waitsFor} is nudged, and again until it times out`,
    );

export const orderEnvironment = {
  ...databaseEnvironment,
  ...kafkaEnvironment,
  ...reconciliationEnvironment,
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
  DEADLINE_PLACED_SECONDS: deadline(10, 'its reservation'),
  DEADLINE_RESERVED_SECONDS: deadline(30, 'its payment'),
  DEADLINE_PAID_SECONDS: deadline(30, 'its label'),
  DEADLINE_FULFILMENT_FAILED_SECONDS: deadline(30, 'its refund'),
  DEADLINE_CANCELLING_SECONDS: deadline(30, 'everything to be undone'),
} satisfies Environment;

/** The order service's configuration. */
export type OrderConfig = z.infer<z.ZodObject<typeof orderEnvironment>>;

/** Injection token of an `OrderConfig`. */
export const ORDER_CONFIG = Symbol('OrderConfig');

/** The deadlines of waiting orders. */
export const deadlinesOf = (config: OrderConfig): Deadlines => ({
  PLACED: config.DEADLINE_PLACED_SECONDS * 1_000,
  RESERVED: config.DEADLINE_RESERVED_SECONDS * 1_000,
  PAID: config.DEADLINE_PAID_SECONDS * 1_000,
  FULFILMENT_FAILED: config.DEADLINE_FULFILMENT_FAILED_SECONDS * 1_000,
  CANCELLING: config.DEADLINE_CANCELLING_SECONDS * 1_000,
});
