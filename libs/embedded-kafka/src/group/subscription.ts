import { MalformedMessageError } from '../protocol/errors.js';
import { Reader } from '../protocol/reader.js';
import type { ConsumerGroup } from './consumer-group.js';

/** The protocol type of consumers, whose metadata has a known form; groups may be used for other things too. */
const consumers = 'consumer';

/** Whether a member of the group has subscribed to a topic. False where the metadata cannot be understood. */
export function isSubscribedTo(group: ConsumerGroup, topic: string): boolean {
  if (group.protocolType !== consumers) return false;
  return group.members.some((member) =>
    member.protocols.some(({ metadata }) => subscribedTopics(metadata).includes(topic)),
  );
}

/** Consumer metadata begins with its version and the subscribed topics. */
function subscribedTopics(metadata: Buffer): string[] {
  try {
    const reader = new Reader(metadata);
    reader.int16();
    const topics = [];
    for (let count = reader.length32(); count > 0; count--) topics.push(reader.text(reader.length16()));
    return topics;
  } catch (error) {
    if (error instanceof MalformedMessageError) return [];
    throw error;
  }
}
