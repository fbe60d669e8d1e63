import { STATUS_CODES } from 'node:http';
import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { CommitInDoubtError, isTransient } from '@orderbridge/messaging';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { throwError, type Observable } from 'rxjs';
import { requestFailed } from '../http/request-spans.js';
import { ProblemException, type Problem } from './problem.js';

const UNAVAILABLE = 503;
const RETRY_AFTER_SECONDS = 5;

/**
 * Answers every HTTP error as `application/problem+json` (RFC 9457). A store or broker that is unavailable is a 503 with
 * Retry-After. Unexpected errors are logged with the correlation id that the answer carries, and say no more to the caller.
 *
 * Errors of message handlers are handed back to the transport as they are: Nest's default would replace them, and
 * the pipeline could not tell transient from permanent.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger('Http');

  catch(error: unknown, host: ArgumentsHost): void | Observable<never> {
    if (host.getType() !== 'http') return throwError(() => error);
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    if (isHealthResult(error)) {
      void reply.status(error.getStatus()).send(error.getResponse());
      return;
    }
    const { status, title, detail, errors, extensions, retryAfterSeconds } = this.#problem(error, request);
    if (status === UNAVAILABLE) reply.header('retry-after', `${retryAfterSeconds ?? RETRY_AFTER_SECONDS}`);
    void reply
      .status(status)
      .header('content-type', 'application/problem+json; charset=utf-8')
      .send(
        JSON.stringify({
          type: 'about:blank',
          title: title ?? STATUS_CODES[status] ?? 'Error',
          status,
          detail,
          ...(errors && { errors }),
          ...extensions,
          instance: request.url,
          correlationId: request.id,
        }),
      );
  }

  #problem(error: unknown, request: FastifyRequest): Problem {
    if (error instanceof ProblemException) return error.problem;
    if (error instanceof HttpException) return { status: error.getStatus(), detail: error.message };
    requestFailed(request, error);
    const about = { err: error, correlationId: request.id, method: request.method, url: request.url };
    if (isTransient(error)) {
      this.#logger.warn({ ...about, message: 'Request failed: a store or broker is unavailable' });
      return unavailable(error);
    }
    this.#logger.error({ ...about, message: 'Request failed' });
    return {
      status: 500,
      detail: 'Something went wrong here. Try again; if it stays, report the correlation id.',
    };
  }
}

function unavailable(error: unknown): Problem {
  const detail =
    error instanceof CommitInDoubtError
      ? 'A store became unavailable at the end of the request, which may have taken effect. Check that before you send it again, or send it with the same Idempotency-Key.'
      : 'A store or broker is unavailable. Send the request again later.';
  return { status: UNAVAILABLE, title: 'Temporarily unavailable', detail };
}

/** Terminus reports failed checks as an exception whose body is the report. */
function isHealthResult(error: unknown): error is HttpException {
  if (!(error instanceof HttpException)) return false;
  const body = error.getResponse();
  return typeof body === 'object' && 'details' in body && 'info' in body;
}
