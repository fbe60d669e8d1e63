/**
 * What a message carries over from the message or request that caused it, so that storefront to carrier
 * is one trace (design rule 7).
 */
export interface Cause {
  /** Constant from the first request to the last message. */
  readonly correlationId: string;
  /** Id of the message that caused this one; absent when a request did. */
  readonly causationId?: string;
  /** W3C trace context. */
  readonly traceparent?: string;
  readonly tracestate?: string;
}

/** A CloudEvents 1.0 event in JSON, in the attributes this system uses. */
export interface CloudEvent<Data = unknown> {
  /** Unique per event; the same event sent to several destinations keeps its id. */
  readonly id: string;
  /** The service that sent it, e.g. `/orderbridge/inventory`. */
  readonly source: string;
  readonly type: string;
  /** RFC 3339, when it happened. */
  readonly time: string;
  /** The key: the order's id. */
  readonly subject: string;
  /** Names the version of the data's schema. */
  readonly dataschema: string;
  readonly cause: Cause;
  readonly data: Data;
}
