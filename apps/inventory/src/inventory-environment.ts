import { kafkaEnvironment } from '@orderbridge/kafka';
import { ibmMqEnvironment } from '@orderbridge/messaging-ibm-mq';
import { databaseEnvironment, type Environment } from '@orderbridge/service';
import { reconciliationEnvironment } from '@orderbridge/reconciliation';
import { z } from 'zod';

export const inventoryEnvironment = {
  ...databaseEnvironment,
  ...kafkaEnvironment,
  ...ibmMqEnvironment,
  ...reconciliationEnvironment,
  SEED_FILE: z.string().optional().describe('JSON file of products to put into an empty stock'),
  RESERVATION_CHECK_SECONDS: z.coerce
    .number()
    .positive()
    .max(86_400 * 30)
    .default(3_600)
    .describe('seconds after which the order of an open reservation is asked about, and again each time'),
} satisfies Environment;

/** The inventory service's configuration. */
export type InventoryConfig = z.infer<z.ZodObject<typeof inventoryEnvironment>>;

/** Injection token of an `InventoryConfig`. */
export const INVENTORY_CONFIG = Symbol('InventoryConfig');
