import { z } from 'zod';
import { DEAD_LETTERS } from '../destinations.js';
import type { EventContract } from '../envelope/event-contract.js';
import { id } from '../orders/order-details.js';
import { decision } from './decision.js';

const about = {
  deadLetterId: id,
  /** The order that the message is about, where that is known. */
  orderId: id.optional(),
  /** The dead-letter topic or backout queue. */
  source: z.string(),
  /** Type of the message, where it says one. */
  type: z.string().optional(),
  /** Why it became a dead letter; of one that was discarded or given up, why. */
  reason: z.string(),
};

function define<Data extends { deadLetterId: string; orderId?: string | undefined }>(
  type: string,
  schema: z.ZodType<Data>,
): EventContract<Data> {
  return {
    type,
    version: 1,
    destinations: [DEAD_LETTERS],
    schema,
    key: ({ orderId, deadLetterId }) => orderId ?? deadLetterId,
  };
}

/** A message could not be handled and lies in the dead letters. */
export const deadLetterRaised = define(
  'dead-letter.raised',
  z.object({
    ...about,
    error: z.string(),
    consumer: z.string().optional(),
    attempts: z.int(),
    raisedAt: z.iso.datetime(),
  }),
);

/** An operator sent a dead letter to its consumers again; a parked call also to give it up. */
export const deadLetterRedriven = define(
  'dead-letter.redriven',
  z.object({
    ...about,
    operator: z.string(),
    /** Whether it was changed before. */
    edited: z.boolean(),
    decision,
  }),
);

/** An operator gave a dead letter up. */
export const deadLetterDiscarded = define(
  'dead-letter.discarded',
  z.object({ ...about, operator: z.string() }),
);
