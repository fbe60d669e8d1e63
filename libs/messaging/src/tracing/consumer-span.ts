import { SpanKind, type Span } from '@opentelemetry/api';
import { ID_HEADER, TYPE_HEADER, type Broker, type CloudEvent } from '@orderbridge/contracts';
import { failSpan, ORDER_ID, parentOf, tracer, within } from '@orderbridge/tracing';
import type { Delivery, Outcome } from '../pipeline/delivery.js';

/** Most failed tries of an event whose errors are kept: an outage may be long. */
const RECORDED_FAILURES = 5;
/** As OpenTelemetry's semantic conventions name them. */
const SYSTEMS: Readonly<Record<Broker, string>> = { kafka: 'kafka', 'ibm-mq': 'ibmmq' };

/**
 * The span of one event in a pipeline, from its delivery to the commit of what was done with it, all tries included; a
 * child of what sent the event. Events of a batch have one each, for each is of another order.
 */
export class ConsumerSpan {
  readonly #span: Span;
  #failures = 0;
  #recorded: Error | undefined;

  constructor(consumer: string, { source, origin, key, headers }: Delivery) {
    const type = headers[TYPE_HEADER] ?? '';
    this.#span = tracer.startSpan(
      `process ${type}`,
      {
        kind: SpanKind.CONSUMER,
        attributes: {
          'messaging.system': SYSTEMS[source.broker],
          'messaging.operation.name': 'process',
          'messaging.operation.type': 'process',
          'messaging.destination.name': source.name,
          'messaging.consumer.group.name': consumer,
          'messaging.message.id': headers[ID_HEADER],
          'cloudevents.event_type': type,
          'orderbridge.origin': origin,
          [ORDER_ID]: key,
        },
      },
      parentOf(headers),
    );
  }

  /** The event as its handler gets it: what it causes follows from this span. */
  carriedBy(event: CloudEvent): CloudEvent {
    const cause = within(this.#span, event.cause);
    return cause === event.cause ? event : { ...event, cause };
  }

  /** A try has failed, of the event alone or of its whole batch. */
  failed(error: Error): void {
    this.#failures++;
    if (this.#failures <= RECORDED_FAILURES) this.#record(error);
  }

  /** The inbox knows the event: it was handled before. */
  duplicate(): void {
    this.#span.setAttribute('orderbridge.duplicate', true);
  }

  /** Settled, rejected, or left with the broker because of an error. */
  end(outcome: Outcome | Error): void {
    if (this.#failures > 0) this.#span.setAttribute('orderbridge.failures', this.#failures);
    if (outcome instanceof Error) this.#fail(outcome);
    else if (outcome.status === 'rejected') this.#fail(outcome.error);
    this.#span.end();
  }

  #fail(error: Error): void {
    if (error !== this.#recorded) this.#record(error);
    failSpan(this.#span, error.name);
  }

  #record(error: Error): void {
    this.#recorded = error;
    this.#span.recordException(error);
  }
}
