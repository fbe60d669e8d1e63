import { text } from '@orderbridge/contracts';

/** The field of a request's body that says why a dead letter is discarded or given up. */
export const reasonField = text(1_000).trim().min(1).describe('Why it is given up, for the audit trail');
