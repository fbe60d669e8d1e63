import { kafkaEnvironment } from '@orderbridge/kafka';
import { ibmMqEnvironment } from '@orderbridge/messaging-ibm-mq';
import { databaseEnvironment, type Environment } from '@orderbridge/service';
import { z } from 'zod';

export const inventoryEnvironment = {
  ...databaseEnvironment,
  ...kafkaEnvironment,
  ...ibmMqEnvironment,
  SEED_FILE: z.string().optional().describe('JSON file of products to put into an empty stock'),
} satisfies Environment;

/** The inventory service's configuration. */
export type InventoryConfig = z.infer<z.ZodObject<typeof inventoryEnvironment>>;

/** Injection token of an `InventoryConfig`. */
export const INVENTORY_CONFIG = Symbol('InventoryConfig');
