import { ItemFailedError } from '@orderbridge/work-items';

/** The carrier itself faults the request: it has done nothing. */
export class RequestFaultedError extends ItemFailedError {
  override readonly name = 'RequestFaultedError';
}

/** Whether an attempt that failed is known to have had no effect at the carrier. */
export const isAnswered = (error: Error): boolean => error instanceof RequestFaultedError;
