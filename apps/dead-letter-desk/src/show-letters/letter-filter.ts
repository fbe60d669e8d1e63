import { id, text } from '@orderbridge/contracts';
import { z } from 'zod';
import { LETTER_STATES } from '../domain/letter.js';

const LONGEST = 1_000;

const time = z.iso.datetime({ offset: true }).transform((value) => new Date(value));

/** Which letters are meant, as requests say it. */
export const letterFilter = {
  source: text(LONGEST).optional().describe('Dead-letter topic or backout queue'),
  type: text(LONGEST).optional().describe('Type of the message, e.g. payment.processed'),
  reason: text(LONGEST).min(1).optional().describe('Part of the reason, in any case'),
  orderId: id.optional(),
  from: time.optional().describe('Dead since this time, RFC 3339'),
  to: time.optional().describe('Dead before this time, RFC 3339'),
};

export const letterState = z.enum(LETTER_STATES);
