import { z } from 'zod';
import type { Cause, CloudEvent } from './cloud-event.js';
import { breaksOnlyTextRules } from '../text.js';
import { schemaName, type EventContract } from './event-contract.js';

/** A message as both brokers carry it: headers (Kafka) or message properties (IBM MQ) and a body. */
export interface EncodedMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Thrown for a message that is no event of its contract. Trying again cannot help. */
export class InvalidEventError extends Error {
  override readonly name = 'InvalidEventError';
}

export const TYPE_HEADER = 'ce_type';
export const ID_HEADER = 'ce_id';
const CONTENT_TYPE = 'application/json';

/**
 * Writes an event in the binary mode of the CloudEvents Kafka protocol binding: attributes as `ce_*` headers,
 * data as the body. The same names serve as IBM MQ message properties. Text that `text` refuses, of a record that is
 * older than its rule, is sent as it is: its consumer makes it a dead letter, while refusing it here would stop its producer.
 *
 * @throws InvalidEventError when the data does not fit the contract's schema.
 */
export function encodeEvent<Data>(contract: EventContract<Data>, event: CloudEvent<Data>): EncodedMessage {
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    [ID_HEADER]: event.id,
    ce_source: event.source,
    [TYPE_HEADER]: event.type,
    ce_time: event.time,
    ce_subject: event.subject,
    ce_dataschema: event.dataschema,
    ce_correlationid: event.cause.correlationId,
    'content-type': CONTENT_TYPE,
  };
  if (event.cause.causationId) headers['ce_causationid'] = event.cause.causationId;
  if (event.cause.traceparent) headers['traceparent'] = event.cause.traceparent;
  if (event.cause.tracestate) headers['tracestate'] = event.cause.tracestate;
  return { headers, body: JSON.stringify(parse(contract, event.data, breaksOnlyTextRules)) };
}

/**
 * Reads an event in binary mode. Attributes and fields it does not know are left out, so that a producer
 * may add some without breaking its consumers.
 *
 * @throws InvalidEventError when an attribute is missing, the type or schema version is another one, the body
 * is no JSON or the data does not fit the contract's schema.
 */
export function decodeEvent<Data>(
  contract: EventContract<Data>,
  headers: Readonly<Record<string, string | undefined>>,
  body: Uint8Array | string,
): CloudEvent<Data> {
  const required = (name: string): string => {
    const value = headers[name];
    if (value === undefined || value === '') throw new InvalidEventError(`The header ${name} is missing.`);
    return value;
  };
  const type = required(TYPE_HEADER);
  if (type !== contract.type) throw new InvalidEventError(`Expected the type ${contract.type}, got ${type}.`);
  const dataschema = required('ce_dataschema');
  if (dataschema !== schemaName(contract)) {
    throw new InvalidEventError(`Expected the schema ${schemaName(contract)}, got ${dataschema}.`);
  }
  const id = required(ID_HEADER);
  return {
    id,
    source: required('ce_source'),
    type,
    time: required('ce_time'),
    subject: required('ce_subject'),
    dataschema,
    cause: readCause(headers),
    data: parse(contract, parseJson(body)),
  };
}

function readCause(headers: Readonly<Record<string, string | undefined>>): Cause {
  return {
    correlationId: headers['ce_correlationid'] ?? headers[ID_HEADER] ?? '',
    causationId: headers['ce_causationid'],
    traceparent: headers['traceparent'],
    tracestate: headers['tracestate'],
  };
}

function parseJson(body: Uint8Array | string): unknown {
  try {
    return JSON.parse(
      typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.length).toString(),
    );
  } catch (error) {
    throw new InvalidEventError(`The body is no JSON: ${(error as Error).message}`);
  }
}

/** `overlooks` says which faults are none here. */
function parse<Data>(
  contract: EventContract<Data>,
  data: unknown,
  overlooks: (error: z.ZodError) => boolean = () => false,
): Data {
  const result = contract.schema.safeParse(data);
  if (result.success) return result.data;
  if (overlooks(result.error)) return data as Data;
  throw new InvalidEventError(
    `The data of ${schemaName(contract)} is invalid: ${z.prettifyError(result.error)}`,
  );
}
