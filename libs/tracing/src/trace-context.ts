import { propagation, ROOT_CONTEXT, trace, type Context, type Span } from '@opentelemetry/api';
import type { Cause } from '@orderbridge/contracts';

/** How a trace travels, in HTTP headers and in messages: W3C Trace Context. */
export type TraceContext = Pick<Cause, 'traceparent' | 'tracestate'>;

/** The parent of the spans that follow from something. Without a trace context they begin a trace. */
export const parentOf = ({ traceparent, tracestate }: TraceContext): Context =>
  propagation.extract(ROOT_CONTEXT, { traceparent, tracestate });

/** A cause that is continued in a span: what follows from it is a child of the span. Unchanged while nothing is traced. */
export function within<Continued extends TraceContext>(span: Span, cause: Continued): Continued {
  const headers: TraceContext = {};
  propagation.inject(trace.setSpan(ROOT_CONTEXT, span), headers);
  return headers.traceparent === undefined ? cause : { ...cause, ...headers };
}

/** The headers by which a partner continues the trace. */
export const headersOf = ({ traceparent, tracestate }: TraceContext): Record<string, string> => ({
  ...(traceparent && { traceparent }),
  ...(tracestate && { tracestate }),
});
