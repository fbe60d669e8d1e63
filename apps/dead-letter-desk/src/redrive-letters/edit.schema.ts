import { text, XML_TEXT } from '@orderbridge/contracts';
import { z } from 'zod';
import { isDeeperThan } from '../domain/json-depth.js';

/** Levels of an edited body: contracts need five, and what is deeper cannot be read or shown everywhere. */
const DEEPEST = 50;

/** A header's name; `__proto__` is none that survives. */
const headerName = z
  .string()
  .regex(/^(?!__proto__$)[\w.-]{1,200}$/, 'must be 1 to 200 letters, digits, or any of _ . -');
/** MQ message properties hold no control characters at all. */
const headerValue = text(4_000).regex(/^\P{Cc}*$/u, 'must not contain control characters');

/** A JSON value of which each text, names of fields too, could be sent on by every step of an order. */
const payload = z.unknown().superRefine((value, context) => {
  if (isDeeperThan(DEEPEST, value)) {
    context.addIssue({
      code: 'custom',
      message: `must not be nested deeper than ${DEEPEST} levels`,
      input: value,
    });
    return;
  }
  for (const path of forbiddenTexts(value, [])) {
    const message = 'must not contain control characters or anything else that XML 1.0 forbids';
    context.addIssue({ code: 'custom', message, path, input: value });
  }
});

/** Changes to a message, as a request says them. */
export const editFields = {
  payload: payload.optional().describe('JSON sent in place of the body'),
  headers: z
    .record(headerName, headerValue.nullable())
    .optional()
    .describe('Sent in place of those of the same names; null takes one out'),
};

/** Where in a JSON value there is a text that none of ours may be. */
function* forbiddenTexts(value: unknown, path: readonly string[]): Generator<string[]> {
  if (typeof value === 'string') {
    if (!XML_TEXT.test(value)) yield [...path];
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, part] of Object.entries(value)) {
      if (!XML_TEXT.test(name)) yield [...path, name];
      yield* forbiddenTexts(part, [...path, name]);
    }
  }
}
