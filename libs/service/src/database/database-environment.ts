import { z } from 'zod';
import { flag } from '../config/load-config.js';

/** How a service reaches its PostgreSQL database. */
export const databaseEnvironment = {
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must start with postgres://')
    .describe('postgres://user:password@host:port/database of this service'),
  DATABASE_SSL: flag
    .default(false)
    .describe("true to connect with TLS and to verify the server's certificate and name"),
  DATABASE_SSL_CA: z
    .string()
    .optional()
    .describe('PEM file of the authorities that sign for the server; without it those that Node.js knows'),
  DATABASE_POOL_SIZE: z.coerce
    .number()
    .int()
    .min(4)
    .default(8)
    .describe('most connections to the database, at least 4'),
  INBOX_RETENTION_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .default(30)
    .describe('days for which handled messages are remembered; longer than any broker keeps them'),
};

export interface DatabaseConfig {
  readonly DATABASE_URL: string;
  readonly DATABASE_SSL: boolean;
  readonly DATABASE_SSL_CA?: string | undefined;
  readonly DATABASE_POOL_SIZE: number;
}
