import { setTimeout as sleep } from 'node:timers/promises';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { OccasionalWarnings } from './occasional-warnings.js';

/** Sends the spans that are waiting; resolves soon, whether a collector took them or not. Never rejects. */
export type FlushSpans = () => Promise<void>;

/** Milliseconds that a stop waits for the collector. */
const FLUSH_TIMEOUT = 2_000;
/** Milliseconds between warnings about a collector that does not take spans. */
const WARNING_INTERVAL = 60_000;

/**
 * Sets up OpenTelemetry's SDK: spans wait in a bounded queue and go out in batches. While the collector does not take them
 * they are dropped.
 */
export function exportSpans(service: string): FlushSpans {
  diag.setLogger(new OccasionalWarnings(WARNING_INTERVAL), DiagLogLevel.WARN);
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': service }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  // Contexts are handed on with the causes of messages; tracking them through all promises would cost CPU time.
  provider.register({ contextManager: null });
  return async () => {
    const flushed = provider.shutdown().catch((error: unknown) => diag.error(String(error)));
    await Promise.race([flushed, sleep(FLUSH_TIMEOUT, undefined, { ref: false })]);
  };
}
