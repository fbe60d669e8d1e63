import { SpanKind, type Span } from '@opentelemetry/api';
import { failSpan, ORDER_ID, parentOf, tracer, type TraceContext } from '@orderbridge/tracing';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Asked again and again, and about no order. */
const UNTRACED = /^\/(health|metrics)(\/|$)/;

const spans = new WeakMap<FastifyRequest, Span>();

/** The span of a request that is under way; none for health and metrics. */
export const spanOf = (request: FastifyRequest): Span | undefined => spans.get(request);

/** Says in the request's span which order it is about, where the route does not. */
export function aboutOrder(request: FastifyRequest, orderId: string): void {
  spanOf(request)?.setAttribute(ORDER_ID, orderId);
}

/** Records an error that nobody expected in the request's span. */
export function requestFailed(request: FastifyRequest, error: unknown): void {
  spanOf(request)?.recordException(error instanceof Error ? error : String(error));
}

/**
 * Makes a span for each request, a child of the caller's, named as OpenTelemetry's semantic conventions do. Of the URL it
 * has the route only: users are in the path.
 */
export function traceRequests(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const { url: route } = request.routeOptions;
    if (route === undefined || !UNTRACED.test(route)) {
      const span = startSpan(request, route);
      spans.set(request, span);
      // Also comes when the client leaves before the answer.
      reply.raw.once('close', () => {
        end(span, reply.raw.writableFinished ? reply.statusCode : undefined);
      });
    }
    done();
  });
}

function startSpan({ headers, method, protocol, params }: FastifyRequest, route: string | undefined): Span {
  const { orderId } = (params ?? {}) as { orderId?: string };
  return tracer.startSpan(
    route === undefined ? method : `${method} ${route}`,
    {
      kind: SpanKind.SERVER,
      attributes: {
        'http.request.method': method,
        'url.scheme': protocol,
        ...(route !== undefined && { 'http.route': route }),
        ...(orderId !== undefined && { [ORDER_ID]: orderId }),
      },
    },
    parentOf(headers as TraceContext),
  );
}

/** Ends a span with the status of the answer; undefined for none. */
function end(span: Span, status: number | undefined): void {
  if (status !== undefined) span.setAttribute('http.response.status_code', status);
  if (status === undefined || status >= 500)
    failSpan(span, status === undefined ? 'ClientLeft' : `${status}`);
  span.end();
}
