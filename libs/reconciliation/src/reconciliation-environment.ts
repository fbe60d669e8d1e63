import { z } from 'zod';

/** Environment variables of services that reconcile. */
export const reconciliationEnvironment = {
  RECONCILE_INTERVAL_SECONDS: z.coerce
    .number()
    .min(0)
    .max(86_400 * 30)
    .default(86_400)
    .describe('seconds from the start of one reconciliation to the next; 0: only on request'),
};
