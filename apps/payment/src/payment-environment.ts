import { kafkaEnvironment } from '@orderbridge/kafka';
import { ibmMqEnvironment } from '@orderbridge/messaging-ibm-mq';
import { reconciliationEnvironment } from '@orderbridge/reconciliation';
import { databaseEnvironment, type Environment } from '@orderbridge/service';
import { z } from 'zod';

export const paymentEnvironment = {
  ...databaseEnvironment,
  ...kafkaEnvironment,
  ...ibmMqEnvironment,
  ...reconciliationEnvironment,
  PAYMENT_GATEWAY_URL: z.url().describe("base URL of the payment gateway's API"),
  PAYMENT_GATEWAY_TIMEOUT_MS: z.coerce
    .number()
    .int()
    .min(100)
    .max(10_000)
    .default(5_000)
    .describe('milliseconds after which a charge without an answer is repeated'),
} satisfies Environment;

/** The payment service's configuration. */
export type PaymentConfig = z.infer<z.ZodObject<typeof paymentEnvironment>>;
