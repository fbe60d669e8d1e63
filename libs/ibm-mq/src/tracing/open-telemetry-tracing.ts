import type * as OpenTelemetry from '@opentelemetry/api';
import { IbmMqError } from '../errors.js';
import type { OutgoingHeaders } from '../message/headers.js';
import type { IncomingMessage } from '../message/incoming-message.js';
import type { OutgoingMessage } from '../message/outgoing-message.js';
import type { IbmMqTracing } from './tracing.js';

const SCOPE = '@orderbridge/ibm-mq';
const SYSTEM = 'ibmmq';
const TRACE_CONTEXT = 'traceparent';

/**
 * Spans after OpenTelemetry's semantic conventions for messaging, with the trace context in the message's properties:
 * `send <queue>` for a unit of work that sends, `process <queue>` for one that is handled. A message handled alone
 * continues the trace of its sender; those of a batch are linked. A message that brings a `traceparent` of its own,
 * such as one from an outbox, keeps it and is linked.
 *
 * @param api the package `@opentelemetry/api`, which the application has set up: `import * as api from
 * '@opentelemetry/api'`
 */
export function openTelemetryTracing(api: typeof OpenTelemetry): IbmMqTracing {
  return new OpenTelemetryTracing(api);
}

class OpenTelemetryTracing implements IbmMqTracing {
  readonly #api: typeof OpenTelemetry;
  readonly #tracer: OpenTelemetry.Tracer;

  constructor(api: typeof OpenTelemetry) {
    this.#api = api;
    this.#tracer = api.trace.getTracer(SCOPE);
  }

  send<Result>(
    messages: readonly OutgoingMessage[],
    send: (contextOf: (message: OutgoingMessage) => OutgoingHeaders) => Promise<Result>,
  ): Promise<Result> {
    const own = messages.filter(({ headers }) => headers?.[TRACE_CONTEXT] !== undefined);
    return this.#inSpan(
      'send',
      messages.map(({ queue }) => queue),
      { kind: this.#api.SpanKind.PRODUCER, links: own.flatMap(({ headers }) => this.#links(headers ?? {})) },
      this.#api.context.active(),
      () => {
        const injected: Record<string, string> = {};
        this.#api.propagation.inject(this.#api.context.active(), injected);
        return send(({ headers }) => (headers?.[TRACE_CONTEXT] === undefined ? injected : {}));
      },
    );
  }

  process<Result>(messages: readonly IncomingMessage[], process: () => Promise<Result>): Promise<Result> {
    const [first] = messages;
    const alone = messages.length === 1 && first ? first : undefined;
    const attributes: OpenTelemetry.Attributes = alone ? { 'messaging.message.id': alone.messageId } : {};
    if (alone?.correlationId) attributes['messaging.message.conversation_id'] = alone.correlationId;
    return this.#inSpan(
      'process',
      messages.map(({ queue }) => queue),
      {
        kind: this.#api.SpanKind.CONSUMER,
        attributes,
        links: alone ? [] : messages.flatMap(({ headers }) => this.#links(headers)),
      },
      alone ? this.#extract(this.#api.context.active(), alone.headers) : this.#api.context.active(),
      process,
    );
  }

  async #inSpan<Result>(
    operation: string,
    queues: readonly string[],
    options: OpenTelemetry.SpanOptions,
    parent: OpenTelemetry.Context,
    run: () => Promise<Result>,
  ): Promise<Result> {
    const queue = new Set(queues).size === 1 ? queues[0] : undefined;
    const attributes: OpenTelemetry.Attributes = {
      'messaging.system': SYSTEM,
      'messaging.operation.name': operation,
      'messaging.operation.type': operation,
      ...options.attributes,
    };
    if (queue !== undefined) attributes['messaging.destination.name'] = queue;
    if (queues.length > 1) attributes['messaging.batch.message_count'] = queues.length;
    const name = queue === undefined ? operation : `${operation} ${queue}`;
    const span = this.#tracer.startSpan(name, { ...options, attributes }, parent);
    try {
      return await this.#api.context.with(this.#api.trace.setSpan(parent, span), run);
    } catch (error) {
      span.setAttribute('error.type', errorType(error));
      span.setStatus({
        code: this.#api.SpanStatusCode.ERROR,
        message: String((error as Error | undefined)?.message),
      });
      throw error;
    } finally {
      span.end();
    }
  }

  #links(headers: OutgoingHeaders): OpenTelemetry.Link[] {
    const context = this.#api.trace.getSpanContext(this.#extract(this.#api.ROOT_CONTEXT, headers));
    return context ? [{ context }] : [];
  }

  #extract(context: OpenTelemetry.Context, headers: OutgoingHeaders): OpenTelemetry.Context {
    return this.#api.propagation.extract(context, headers, {
      keys: (carrier) => Object.keys(carrier),
      get: (carrier, key) => {
        const value = carrier[key];
        return typeof value === 'string' ? value : undefined;
      },
    });
  }
}

function errorType(error: unknown): string {
  if (error instanceof IbmMqError) return error.symbol;
  return error instanceof Error ? error.name : '_OTHER';
}
