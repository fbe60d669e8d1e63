import type { Environment } from '@orderbridge/service';
import { z } from 'zod';

export const gatewayEnvironment = {
  LEDGER_FOLDER: z.string().describe('folder in which the gateway keeps its charges'),
  LATE_ANSWER_MS: z.coerce
    .number()
    .int()
    .min(0)
    .default(10_000)
    .describe('milliseconds by which the answer to a charge with tok_timeout is late'),
} satisfies Environment;

export type GatewayConfig = z.infer<z.ZodObject<typeof gatewayEnvironment>>;
export const GATEWAY_CONFIG = Symbol('GatewayConfig');
