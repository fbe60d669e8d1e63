import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { collectDefaultMetrics } from 'prom-client';
import { ConfigError, loadConfig, type Environment } from './config/load-config.js';
import { serviceEnvironment } from './config/service-environment.js';
import { createService, type ServiceDefinition } from './create-service.js';
import { PinoLogger } from './logging/pino-logger.js';
import { stopService } from './stop-service.js';
import type { FlushSpans } from './tracing/export-spans.js';
import { startTracing } from './tracing/start-tracing.js';
import type { z } from 'zod';

type ConfigOf<Shape extends Environment> = z.infer<z.ZodObject<Shape & typeof serviceEnvironment>>;

/**
 * Runs a process: reads its configuration, starts it, and stops it on SIGTERM, SIGINT or when the parent that
 * started it with an IPC channel is gone. A stop takes no new work, finishes and commits what was taken, sends the spans
 * that wait, and leaves.
 * A wrong configuration or a failed start ends the process with one line on stderr and exit code 1.
 */
export async function runService<Shape extends Environment>(
  environment: Shape,
  define: (config: ConfigOf<Shape>) => ServiceDefinition,
): Promise<void> {
  try {
    const config = loadConfig({ ...serviceEnvironment, ...environment }) as ConfigOf<Shape>;
    const { HOST, PORT, LOG_LEVEL, SHUTDOWN_DRAIN_MS, SHUTDOWN_TIMEOUT_MS, OTEL_EXPORTER_OTLP_ENDPOINT } =
      loadConfig(serviceEnvironment);
    const definition = define(config);
    failLoudly();
    collectDefaultMetrics();
    const flushSpans = await startTracing(definition.name, OTEL_EXPORTER_OTLP_ENDPOINT);
    const app = await createService(definition, new PinoLogger(definition.name, LOG_LEVEL));
    stopOnSignal(app, SHUTDOWN_DRAIN_MS, SHUTDOWN_TIMEOUT_MS, flushSpans);
    await app.startAllMicroservices();
    await app.listen(PORT, HOST);
    new Logger('Service').log(`${definition.name} listens on ${HOST}:${PORT}`);
  } catch (error) {
    const text = error instanceof ConfigError ? error.message : ((error as Error).stack ?? String(error));
    process.stderr.write(`${text}\n`);
    process.exit(1);
  }
}

/** A process in an unknown state must not go on; its supervisor starts it anew, and nothing acknowledged is lost. */
function failLoudly(): void {
  const fail = (error: unknown): void => {
    process.stderr.write(`Unexpected: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
}

function stopOnSignal(
  app: NestFastifyApplication,
  drain: number,
  timeout: number,
  flushSpans: FlushSpans,
): void {
  const logger = new Logger('Service');
  let stopping = false;
  const stop = (reason: string): void => {
    if (stopping) return;
    stopping = true;
    logger.log(`Stopping (${reason})`);
    const stopped = stopService(app, drain).then(flushSpans);
    void Promise.race([stopped, sleep(drain + timeout, 'timeout', { ref: false })]).then(
      (outcome) => {
        if (outcome === 'timeout')
          logger.warn(`Left work in hand after ${drain + timeout} ms; it is taken up at the next start`);
        process.exit(0);
      },
      (error: unknown) => {
        logger.error({ err: error, message: 'The stop failed' });
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM'));
  process.on('SIGINT', () => stop('SIGINT'));
  if (process.connected) process.on('disconnect', () => stop('parent gone'));
}
