import { id } from '@orderbridge/contracts';
import { z } from 'zod';
import { LETTER_STATES } from '../domain/letter.js';

const time = z.iso.datetime({ offset: true }).transform((value) => new Date(value));

/** Which letters are meant, as requests say it. */
export const letterFilter = {
  source: z.string().optional().describe('Dead-letter topic or backout queue'),
  type: z.string().optional().describe('Type of the message, e.g. payment.processed'),
  reason: z.string().min(1).optional().describe('Part of the reason, in any case'),
  orderId: id.optional(),
  from: time.optional().describe('Dead since this time, RFC 3339'),
  to: time.optional().describe('Dead before this time, RFC 3339'),
};

export const letterState = z.enum(LETTER_STATES);
