import { z } from 'zod';

/**
 * What an operator decides about a parked call to a partner when its dead letter is redriven: `retry` (the default) makes
 * it due again, with what was edited; `give-up` ends it, after the partner was asked what it has.
 */
export const decision = z.enum(['retry', 'give-up']).optional();
