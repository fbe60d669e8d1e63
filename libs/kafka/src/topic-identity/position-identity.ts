const PREFIX = 'topic-id:';

/** What is committed with a position to say which topic it is a position in; null where the broker knows no ids. */
export const identityOf = (topicId: string | undefined): string | null =>
  topicId === undefined ? null : `${PREFIX}${topicId}`;

/** Whether these are the ids of two topics. Brokers that know no ids leave it open. */
export const isAnotherTopic = (topicId: string | undefined, other: string | undefined): boolean =>
  topicId !== undefined && other !== undefined && topicId !== other;

/**
 * Whether a position was committed in another topic of the same name. A position without an identity, as others commit
 * it, is taken for one in this topic.
 */
export function isOfAnotherTopic(metadata: string | null | undefined, topicId: string | undefined): boolean {
  return !!metadata?.startsWith(PREFIX) && topicId !== undefined && metadata !== identityOf(topicId);
}
