import type { ServerResponse } from 'node:http';
import type { ISoapServiceMethod } from 'soap';

/** An answer that is no SOAP, or none that can be read: what a proxy or a broken carrier sends. */
export class RawAnswer extends Error {
  constructor(
    readonly status: number,
    readonly headers: Readonly<Record<string, string>>,
    readonly body: Buffer,
  ) {
    super(`HTTP ${status}`);
  }
}

/** A method of the SOAP service whose raw answers are written as they are. */
export const withRawAnswers =
  (method: ISoapServiceMethod): ISoapServiceMethod =>
  async (request, callback, headers, http, response: ServerResponse) => {
    try {
      return (await method(request, callback, headers, http)) as object;
    } catch (error) {
      if (!(error instanceof RawAnswer)) throw error;
      response.writeHead(error.status, error.headers).end(error.body);
      return new Promise(() => undefined);
    }
  };
