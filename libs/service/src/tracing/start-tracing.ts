import type { FlushSpans } from './export-spans.js';

/**
 * Lets this process send its spans to a collector; without an endpoint it makes none, and nothing of OpenTelemetry's SDK is
 * loaded.
 *
 * @param service name in traces, unless OTEL_SERVICE_NAME says another.
 * @param endpoint as in OTEL_EXPORTER_OTLP_ENDPOINT, which the SDK reads by itself.
 */
export async function startTracing(service: string, endpoint: string | undefined): Promise<FlushSpans> {
  if (endpoint === undefined) return () => Promise.resolve();
  const { exportSpans } = await import('./export-spans.js');
  return exportSpans(service);
}
