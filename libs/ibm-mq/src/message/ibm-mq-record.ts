import type { OutgoingMessage } from './outgoing-message.js';

/** How a message is sent: all of an outgoing message but its queue and body. */
export type SendOptions = Omit<OutgoingMessage, 'queue' | 'body'>;

/**
 * A payload with headers and other properties of its message: `client.emit(queue, new IbmMqRecord(payload, {…}))`. A
 * handler may return one as its reply.
 */
export class IbmMqRecord<Payload = unknown> {
  readonly payload: Payload;
  readonly options: SendOptions;

  constructor(payload: Payload, options: SendOptions = {}) {
    this.payload = payload;
    this.options = options;
  }

  /** @internal */
  static of(data: unknown): IbmMqRecord {
    return data instanceof IbmMqRecord ? data : new IbmMqRecord<unknown>(data);
  }
}
