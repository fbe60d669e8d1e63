import { z } from 'zod';

/** How a service reaches its PostgreSQL database. */
export const databaseEnvironment = {
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must start with postgres://')
    .describe('postgres://user:password@host:port/database of this service'),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(3).default(8).describe('most connections to the database'),
  INBOX_RETENTION_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .default(30)
    .describe('days for which handled messages are remembered; longer than any broker keeps them'),
};

export interface DatabaseConfig {
  readonly DATABASE_URL: string;
  readonly DATABASE_POOL_SIZE: number;
}
