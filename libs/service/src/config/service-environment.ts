import { z } from 'zod';
import { tracingEnvironment } from '../tracing/tracing-environment.js';

/** What every process takes from its environment. */
export const serviceEnvironment = {
  HOST: z.string().default('0.0.0.0').describe('address to listen on'),
  PORT: z.coerce.number().int().min(1).max(65_535).describe('port to listen on'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'])
    .default('info')
    .describe('fatal, error, warn, info, debug or trace'),
  SHUTDOWN_DRAIN_MS: z.coerce
    .number()
    .int()
    .min(0)
    .default(0)
    .describe(
      'milliseconds for which a stopping service, no longer ready, still answers, until load balancers know',
    ),
  SHUTDOWN_TIMEOUT_MS: z.coerce
    .number()
    .int()
    .min(0)
    .default(20_000)
    .describe(
      'milliseconds after which a stop no longer waits for work in hand; they follow SHUTDOWN_DRAIN_MS',
    ),
  ...tracingEnvironment,
};
