import { fixtureOf, type EventContract } from '@orderbridge/contracts';
import type { OutgoingMessage } from '@orderbridge/messaging';

/** Headers that are new for each message. */
const VARIABLE = new Set([
  'ce_id',
  'ce_time',
  'ce_subject',
  'ce_correlationid',
  'ce_causationid',
  'traceparent',
]);

/**
 * Asserts that a service sends a contract's golden message: the same headers and data, but for what `variable` names
 * and for ids and times of the envelope.
 */
export function expectGolden(
  contract: EventContract,
  message: OutgoingMessage | undefined,
  variable: Readonly<Record<string, unknown>> = {},
): void {
  const { headers, data } = fixtureOf(contract);
  expect(message).toBeDefined();
  const sent = message as OutgoingMessage;
  expect(Object.keys(sent.headers).toSorted()).toEqual(Object.keys(headers).toSorted());
  for (const [name, value] of Object.entries(headers)) {
    if (!VARIABLE.has(name)) expect([name, sent.headers[name]]).toEqual([name, value]);
  }
  expect(JSON.parse(sent.body.toString())).toEqual({ ...(data as object), ...variable });
  expect(sent.key).toBe(contract.key(JSON.parse(sent.body.toString())));
}
