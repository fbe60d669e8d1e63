import type { ProducerSerializer, ReadPacket } from '@nestjs/microservices';
import type { OutgoingMessage } from '../message/outgoing-message.js';
import { encodePayload } from '../message/payload.js';
import { IbmMqRecord } from '../message/ibm-mq-record.js';

/**
 * The default: strings are sent as text, Buffers as bytes, everything else as JSON text, to the queue that is the
 * pattern. The payload may be an IbmMqRecord.
 */
export class IbmMqSerializer implements ProducerSerializer {
  serialize({ pattern, data }: ReadPacket): OutgoingMessage {
    const { payload, options } = IbmMqRecord.of(data);
    return { ...options, queue: pattern as string, body: encodePayload(payload) };
  }
}
