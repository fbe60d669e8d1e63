import { ErrorCode, RefusedError } from '../protocol/errors.js';
import type { initProducerIdApi } from '../protocol/messages/init-producer-id.js';
import { attempt, type Handler, type Services } from './handler.js';

/**
 * Every idempotent producer gets an id of its own. Transactions are not implemented; the refusal is the one that no
 * client takes for a passing fault, so that none tries for ever.
 */
export function initProducerId({ producerIds, log }: Services): Handler<typeof initProducerIdApi> {
  return async (request) => {
    const { errorCode, value } = await attempt(() => {
      if (request.transactionalId !== null) {
        log(`Refused transactional id '${request.transactionalId}': transactions are not implemented.`);
        throw new RefusedError(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, 'No transactions.');
      }
      return producerIds.allocate();
    });
    return { errorCode, producerId: value ?? -1, producerEpoch: value === undefined ? -1 : 0 };
  };
}
