import { z } from 'zod';

/** XML 1.0's characters: no control characters but tab and line ends, no lone surrogates, no U+FFFE and U+FFFF. */
export const XML_TEXT = /^[\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]*$/u;

/**
 * Text that every step of an order can store, print and send on: the carrier speaks XML 1.0, and PostgreSQL stores no
 * NUL. For every text that comes from outside, at most `maxLength` UTF-16 units long.
 */
export const text = (maxLength: number): z.ZodString =>
  z
    .string()
    .max(maxLength)
    .regex(XML_TEXT, 'must not contain control characters or anything else that XML 1.0 forbids');

/** Whether the only fault of a value is that a text in it holds what `text` refuses. */
export const breaksOnlyTextRules = ({ issues }: z.core.$ZodError): boolean =>
  issues.every(
    (issue) => issue.code === 'invalid_format' && issue.format === 'regex' && issue.pattern === `${XML_TEXT}`,
  );

/** A text of a stranger's, at most `maxLength` characters of it, with U+FFFD for whatever `text` refuses. */
export const cleanText = (given: string, maxLength: number): string =>
  given.slice(0, maxLength).replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD');
