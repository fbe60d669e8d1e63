import type { Dispatcher } from 'undici';

/** Thrown for an answer that cannot be read: too large, too deep, or no JSON in UTF-8. */
export class UnreadableAnswerError extends Error {
  override readonly name = 'UnreadableAnswerError';
}

const MAX_DEPTH = 20;

/**
 * Reads a JSON answer, and not more of it than may be: a partner that answers without end costs no memory.
 *
 * @param maxBytes of the body.
 * @throws UnreadableAnswerError when the body is larger, nested too deep, compressed though that was not asked for, in
 *   another charset than UTF-8, or no JSON. Whatever the connection meets.
 */
export async function readAnswer(
  { headers, body }: Pick<Dispatcher.ResponseData, 'headers' | 'body'>,
  maxBytes: number,
): Promise<unknown> {
  try {
    const type = one(headers['content-type']);
    if (type !== '' && !/^application\/([a-z.+-]+\+)?json\s*(;|$)/i.test(type))
      throw new UnreadableAnswerError('no JSON');
    const charset = /;\s*charset="?([^";\s]+)/i.exec(type)?.[1] ?? 'utf-8';
    if (!/^(utf-?8|us-ascii)$/i.test(charset))
      throw new UnreadableAnswerError(`charset ${charset.slice(0, 40)}`);
    const encoding = one(headers['content-encoding']) || 'identity';
    if (encoding !== 'identity') throw new UnreadableAnswerError(`content-encoding ${encoding.slice(0, 40)}`);
    if (Number(one(headers['content-length'])) > maxBytes) throw new UnreadableAnswerError('too large');
    return parse(await readBytes(body, maxBytes));
  } finally {
    // What is left of it is not read; the connection ends where it was not read to its end.
    if (!body.readableEnded) body.on('error', () => undefined).destroy();
  }
}

async function readBytes(body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new UnreadableAnswerError('too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(bytes: Buffer): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UnreadableAnswerError('no UTF-8');
  }
  if (depthOf(text) > MAX_DEPTH) throw new UnreadableAnswerError('nested too deep');
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableAnswerError('no JSON');
  }
}

/** How deep brackets are nested outside strings. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '\\') index++;
    else if (character === '"') inString = !inString;
    else if (inString) continue;
    else if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth);
    else if (character === ']' || character === '}') depth--;
  }
  return deepest;
}

const one = (header: string | string[] | undefined): string =>
  (Array.isArray(header) ? header.join(', ') : (header ?? '')).trim();
