import { IbmMqError, IbmMqUnavailableError } from '@orderbridge/ibm-mq';
import { ProblemException } from '@orderbridge/service';
import { QueueRefusedError } from './settle-on-queue.js';

/** What the caller is told when a letter could not be moved or removed now. */
export function refusedByQueue(error: unknown): unknown {
  if (error instanceof QueueRefusedError) {
    return new ProblemException({
      status: 409,
      title: 'Refused by IBM MQ',
      detail: `The letter is still open. ${error.message}`,
      extensions: { state: 'OPEN' },
    });
  }
  if (error instanceof IbmMqError || error instanceof IbmMqUnavailableError) {
    return new ProblemException({
      status: 503,
      title: 'IBM MQ unavailable',
      detail: `It is stored and will be done as soon as the queue manager answers. ${error.message}`,
    });
  }
  return error;
}
