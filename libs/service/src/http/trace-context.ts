import { randomUUID } from 'node:crypto';
import type { Cause } from '@orderbridge/contracts';
import { within } from '@orderbridge/tracing';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { spanOf } from './request-spans.js';

export const CORRELATION_HEADER = 'x-correlation-id';
const CORRELATION_ID = /^[\w.:-]{1,128}$/;
/** W3C Trace Context, version 00. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The request's correlation id: the caller's `x-correlation-id` where it sends a proper one, else a new one. */
export function correlationId(header: string | string[] | undefined): string {
  return typeof header === 'string' && CORRELATION_ID.test(header) ? header : randomHex();
}

/** Sends the correlation id back with every answer. */
export function answerCorrelationId(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header(CORRELATION_HEADER, request.id);
    done();
  });
}

/**
 * What a request hands on to the messages it causes: the context of its span or, while nothing is traced, of its caller's.
 * Without a trace of the caller's a new one begins here.
 */
export function causeOf(request: FastifyRequest): Cause {
  const { traceparent, tracestate } = request.headers;
  const known = typeof traceparent === 'string' && TRACEPARENT.test(traceparent);
  const cause = {
    correlationId: request.id,
    traceparent: known ? traceparent : newTraceparent(),
    tracestate: known && typeof tracestate === 'string' ? tracestate : undefined,
  };
  const span = spanOf(request);
  return span ? within(span, cause) : cause;
}

const newTraceparent = (): string => `00-${randomHex()}-${randomHex().slice(16)}-01`;

/** 32 random hexadecimal digits. Node keeps a stock of UUIDs, which makes them cheaper than random bytes. */
const randomHex = (): string => randomUUID().replaceAll('-', '');
