import { SpanKind, SpanStatusCode, trace, type Attributes, type Span } from '@opentelemetry/api';
import { parentOf, within, type TraceContext } from './trace-context.js';

/** Attribute by which an operator finds the trace of an order. */
export const ORDER_ID = 'orderbridge.order.id';

/** Makes the spans of Orderbridge; until a service sets up an SDK they are empty and cost next to nothing. */
export const tracer = trace.getTracer('orderbridge');

export interface SpanOptions {
  readonly name: string;
  readonly kind: 'client' | 'server';
  /** Nothing that identifies a person, and no secret: traces are read by many. */
  readonly attributes: Attributes;
}

/**
 * Runs something in a span that follows from `cause`, and hands it the context to pass on. The span ends with it, as failed
 * when it throws.
 *
 * @throws what `run` throws.
 */
export async function inSpan<Result>(
  cause: TraceContext,
  { name, kind, attributes }: SpanOptions,
  run: (context: TraceContext, span: Span) => Promise<Result>,
): Promise<Result> {
  const spanKind = kind === 'client' ? SpanKind.CLIENT : SpanKind.SERVER;
  const span = tracer.startSpan(name, { kind: spanKind, attributes }, parentOf(cause));
  try {
    return await run(within(span, cause), span);
  } catch (error) {
    if (error instanceof Error) span.recordException(error);
    failSpan(span, error instanceof Error ? error.name : '_OTHER');
    throw error;
  } finally {
    span.end();
  }
}

/** Marks a span as failed; `type` is one of few, such as the name of an error. */
export function failSpan(span: Span, type: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
