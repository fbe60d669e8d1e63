import { v7 as uuid } from 'uuid';
import type { Cause, CloudEvent } from './cloud-event.js';
import { schemaName, type EventContract } from './event-contract.js';

/**
 * Makes a new event of a contract, with its own id and the present time. Ids are UUIDv7: they grow with time,
 * which keeps the inboxes' indexes local.
 */
export function createEvent<Data>(
  contract: EventContract<Data>,
  source: string,
  data: Data,
  cause: Cause,
): CloudEvent<Data> {
  return {
    id: uuid(),
    source,
    type: contract.type,
    time: new Date().toISOString(),
    subject: contract.key(data),
    dataschema: schemaName(contract),
    cause,
    data,
  };
}

/** The cause that a message becomes for what its handling sends. */
export const causedBy = (event: CloudEvent): Cause => ({ ...event.cause, causationId: event.id });
