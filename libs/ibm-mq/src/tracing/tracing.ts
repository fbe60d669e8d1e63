import type { OutgoingHeaders } from '../message/headers.js';
import type { IncomingMessage } from '../message/incoming-message.js';
import type { OutgoingMessage } from '../message/outgoing-message.js';

/** Follows messages from sender to consumer; see `openTelemetryTracing`. */
export interface IbmMqTracing {
  /**
   * Runs `send`, and gives it what to add to the headers of each message: the trace context, for a message that brings
   * none of its own.
   */
  send<Result>(
    messages: readonly OutgoingMessage[],
    send: (contextOf: (message: OutgoingMessage) => OutgoingHeaders) => Promise<Result>,
  ): Promise<Result>;

  /** Runs the handling of messages that were taken together. */
  process<Result>(messages: readonly IncomingMessage[], process: () => Promise<Result>): Promise<Result>;
}

export const NO_TRACING: IbmMqTracing = {
  send: (_messages, send) => send(() => ({})),
  process: (_messages, process) => process(),
};
