import { z } from 'zod';

/** The variables of OpenTelemetry that matter most; its SDK reads them, and its others, by itself. */
export const tracingEnvironment = {
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'URL of a collector that takes traces by OTLP over HTTP, e.g. http://otel-collector:4318; without it none are sent',
    ),
  OTEL_SERVICE_NAME: z.string().optional().describe('name of the service in traces; without it its own'),
  OTEL_TRACES_SAMPLER: z
    .enum([
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ])
    .default('parentbased_always_on')
    .describe('which traces are sent, e.g. parentbased_traceidratio'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('which part of them, for the samplers by ratio'),
};
