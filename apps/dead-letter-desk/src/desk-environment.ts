import { kafkaEnvironment } from '@orderbridge/kafka';
import { ibmMqEnvironment } from '@orderbridge/messaging-ibm-mq';
import { databaseEnvironment, type Environment } from '@orderbridge/service';
import { z } from 'zod';

export const DESK_CONFIG = Symbol('DeskConfig');

export const deskEnvironment = {
  ...databaseEnvironment,
  ...kafkaEnvironment,
  ...ibmMqEnvironment,
  IBM_MQ_QUEUES: z
    .string()
    .default('INVENTORY.EVENTS')
    .transform((value) => value.split(',').map((name) => name.trim()))
    .describe('comma-separated queues whose backout queues (BOQNAME) are watched'),
  SCAN_INTERVAL_MS: z.coerce
    .number()
    .int()
    .min(100)
    .default(2_000)
    .describe('milliseconds between looks at the backout queues and for new dead-letter topics'),
} satisfies Environment;

/** The dead-letter desk's configuration. */
export type DeskConfig = z.infer<z.ZodObject<typeof deskEnvironment>>;
