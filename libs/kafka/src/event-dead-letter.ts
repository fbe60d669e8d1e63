import { createEvent, encodeEvent, topic, type Cause, type EventContract } from '@orderbridge/contracts';
import { deadLetterHeaders, type Rejection, type UnitOfWork } from '@orderbridge/messaging';
import { deadLetterTopic } from './kafka-dead-letters.js';

/**
 * Sends an event to the dead letters of a group rather than to its topic, for what can only go on when an operator says
 * so: sent again, it reaches the group's consumer. The caller sees to it that there is one.
 */
export function sendAsDeadLetter<Data>(
  unit: UnitOfWork,
  group: string,
  contract: EventContract<Data>,
  data: Data,
  cause: Cause,
  rejection: Omit<Rejection, 'status'>,
): void {
  const event = createEvent(contract, `/orderbridge/${group}`, data, cause);
  const { headers, body } = encodeEvent(contract, event);
  const origin = contract.destinations.find(({ broker }) => broker === 'kafka');
  if (!origin) throw new Error(`${contract.type} goes to no topic.`);
  unit.sendEncoded({
    messageId: event.id,
    destination: topic(deadLetterTopic(origin.name, group)),
    key: event.subject,
    headers: { ...headers, ...deadLetterHeaders(group, rejection), dlt_topic: origin.name },
    body: Buffer.from(body),
  });
}
