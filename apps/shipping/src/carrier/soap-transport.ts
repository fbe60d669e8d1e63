import { parseRetryAfter, PartnerUnavailableError } from '@orderbridge/work-items';
import type { IHeaders, IHttpClient } from 'soap';
import { Pool, type Dispatcher } from 'undici';
import { decodeAnswer, isEnvelope, MAX_ANSWER_BYTES, UnusableAnswerError } from './soap-answer.js';

type Answered = ReturnType<IHttpClient['request']>;

/** What the `soap` client gets of an answer. */
interface SoapResponse {
  readonly status: number;
  readonly headers: Dispatcher.ResponseData['headers'];
  readonly data: string;
}

/**
 * Carries the `soap` client's requests over an undici pool: a third of the CPU time of its own axios transport, kept
 * connections, and a time-out that also covers the answer's body. What is no SOAP, or must not be parsed, does not reach
 * the client.
 */
export class SoapTransport implements IHttpClient {
  readonly #pool: Pool;
  readonly #timeoutMs: number;

  /** `timeoutMs` is for a request and its whole answer. */
  constructor(endpoint: string, timeoutMs: number, connections: number) {
    this.#pool = new Pool(new URL(endpoint).origin, { connections, pipelining: 1, keepAliveTimeout: 30_000 });
    this.#timeoutMs = timeoutMs;
  }

  request(
    url: string,
    data: string,
    callback: (error: unknown, response?: unknown, body?: string) => void,
    headers: IHeaders = {},
  ): Answered {
    const answered = this.#send(url, data, headers)
      .then((response) => {
        callback(null, response, response.data);
        return response;
      })
      // What the client throws while it parses fails the call, too.
      .catch((error: unknown) => callback(error));
    // The client reads the callback's arguments; of the promise it wants no more than that it is one.
    return answered as unknown as Answered;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #send(url: string, data: string, headers: IHeaders): Promise<SoapResponse> {
    const { pathname, search } = new URL(url);
    const response = await this.#pool
      .request({
        method: 'POST',
        path: pathname + search,
        headers: { ...headers, 'accept-encoding': 'identity' },
        body: data,
        signal: AbortSignal.timeout(this.#timeoutMs),
      })
      .catch((error: unknown) => {
        throw unavailable(error);
      });
    const { statusCode: status } = response;
    const text = decodeAnswer(await read(response), {
      contentType: headerOf(response, 'content-type'),
      contentEncoding: headerOf(response, 'content-encoding'),
    });
    if (isEnvelope(text)) return { status, headers: response.headers, data: text };
    const retryAfterMs = parseRetryAfter(headerOf(response, 'retry-after'));
    throw new PartnerUnavailableError(`HTTP ${status} without a SOAP envelope.`, { retryAfterMs });
  }
}

/** The body of an answer; reading ends where it is too large. */
async function read({ body }: Dispatcher.ResponseData): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MAX_ANSWER_BYTES)
        throw new UnusableAnswerError(`it has more than ${MAX_ANSWER_BYTES} bytes.`);
    }
  } catch (error) {
    body.destroy();
    throw error instanceof UnusableAnswerError ? error : unavailable(error);
  }
  return Buffer.concat(chunks);
}

export function headerOf({ headers }: Pick<SoapResponse, 'headers'>, name: string): string {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? '';
}

/** Codes of errors before a request was sent: they say nothing about the item. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function unavailable(error: unknown): PartnerUnavailableError {
  const { message, code } = error as Error & { code?: string };
  return new PartnerUnavailableError(message, {
    cause: error,
    mayBeItem: code === undefined || !NOT_CONNECTED.has(code),
  });
}
