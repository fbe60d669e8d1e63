import { context, propagation, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-node';

/** OpenTelemetry's SDK for one test file, keeping the spans that have ended. */
export class RecordedSpans {
  readonly #exporter = new InMemorySpanExporter();

  constructor() {
    const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(this.#exporter)] });
    provider.register({ contextManager: null });
  }

  get all(): readonly ReadableSpan[] {
    return this.#exporter.getFinishedSpans();
  }

  named(name: string): readonly ReadableSpan[] {
    return this.all.filter((span) => span.name === name);
  }

  forget(): void {
    this.#exporter.reset();
  }

  close(): void {
    trace.disable();
    propagation.disable();
    context.disable();
  }
}

/** How a span is named as a parent. */
export function traceparentOf(span: ReadableSpan): string {
  const { traceId, spanId } = span.spanContext();
  return `00-${traceId}-${spanId}-01`;
}
