import type { Segment } from './segment.js';

/** As Kafka's topic settings of the same names; -1 stands for no limit. */
export interface RetentionLimits {
  readonly retentionMs: number;
  readonly retentionBytes: number;
}

type Measured = Pick<Segment, 'bytes' | 'nextOffset' | 'maxTimestamp' | 'createdAt'>;

/**
 * The segments that are to be deleted: from the oldest on, each that lies wholly before the log's start, whose youngest
 * record is older than `retentionMs`, or without which the log still has `retentionBytes`. The first segment that none
 * of this is true for ends the search, so a log never gets holes. Its last segment counts like any other.
 */
export function expiredSegments<S extends Measured>(
  segments: readonly S[],
  limits: RetentionLimits,
  startOffset: number,
  now: number,
): S[] {
  let bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0);
  const expired: S[] = [];
  for (const segment of segments) {
    const age = now - (segment.maxTimestamp >= 0 ? segment.maxTimestamp : segment.createdAt);
    const tooOld = limits.retentionMs >= 0 && age > limits.retentionMs;
    const tooMuch = limits.retentionBytes >= 0 && bytes - segment.bytes >= limits.retentionBytes;
    if (!tooOld && !tooMuch && segment.nextOffset > startOffset) break;
    expired.push(segment);
    bytes -= segment.bytes;
  }
  return expired;
}
