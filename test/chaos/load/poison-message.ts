import { paymentProcessed, schemaName, type EventContract } from '@orderbridge/contracts';

/** Who sends what no consumer can handle. */
export const STRANGER = 'poisoner';

/** What no consumer can handle, whatever the headers say. */
export const BODY = { poison: true };

/** Headers of a message that says it is an event of ours. */
export const headersOf = (
  id: string,
  key: string,
  contract: Pick<EventContract, 'type' | 'version'> = paymentProcessed,
): Record<string, string> => ({
  ce_specversion: '1.0',
  ce_id: id,
  ce_source: STRANGER,
  ce_type: contract.type,
  ce_time: new Date().toISOString(),
  ce_subject: key,
  ce_dataschema: schemaName(contract),
});
