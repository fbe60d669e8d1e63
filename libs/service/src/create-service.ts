import 'reflect-metadata';
import type { IncomingMessage } from 'node:http';
import {
  StandardSchemaValidationPipe,
  type DynamicModule,
  type LoggerService,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ProblemFilter } from './errors/problem.filter.js';
import { validationProblem } from './errors/validation-problem.js';
import { answerCorrelationId, CORRELATION_HEADER, correlationId } from './http/trace-context.js';
import { traceRequests } from './http/request-spans.js';
import { measureRequests } from './metrics/http-metrics.js';
import { setupOpenApi } from './openapi/setup-openapi.js';

export interface ServiceDefinition {
  /** As in log lines, metrics and the title of its API. */
  readonly name: string;
  /** One sentence for the API's page. */
  readonly description: string;
  readonly module: Type | DynamicModule;
  /** The strategies by which the service takes messages, beside its HTTP. */
  readonly strategies?: (app: NestFastifyApplication) => CustomTransportStrategy[];
}

/** Largest request body, in bytes: an order of 100 lines needs a tenth of it. */
const BODY_LIMIT = 64 * 1024;

/** The HTTP server of a service. */
export const serviceAdapter = (): FastifyAdapter =>
  new FastifyAdapter({
    bodyLimit: BODY_LIMIT,
    forceCloseConnections: 'idle',
    genReqId: (request: IncomingMessage) => correlationId(request.headers[CORRELATION_HEADER]),
  });

/** Makes a service of a definition; `listen` and `startAllMicroservices` are the caller's. */
export async function createService(
  definition: ServiceDefinition,
  logger: LoggerService,
): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(definition.module, serviceAdapter(), {
    abortOnError: false,
    logger,
  });
  configureService(app, definition);
  return app;
}

/** Lets an application behave as all services do: validation, problem documents, correlation ids, spans, metrics, OpenAPI. */
export function configureService(
  app: NestFastifyApplication,
  { name, description, strategies }: Omit<ServiceDefinition, 'module'>,
): void {
  const fastify = app.getHttpAdapter().getInstance();
  answerCorrelationId(fastify);
  traceRequests(fastify);
  measureRequests(fastify);
  app.useGlobalFilters(new ProblemFilter());
  app.useGlobalPipes(new StandardSchemaValidationPipe({ exceptionFactory: validationProblem }));
  setupOpenApi(app, name, description);
  for (const strategy of strategies?.(app) ?? []) {
    app.connectMicroservice({ strategy }, { inheritAppConfig: true });
  }
}
