import type { IncomingResponse, ProducerDeserializer } from '@nestjs/microservices';
import type { IncomingMessage } from '../message/incoming-message.js';
import { payloadOf } from '../message/payload.js';
import { ERROR_REPLY, MORE_REPLIES, NO_VALUE } from '../message/reply.js';

/** The default: the payload of a reply, as IbmMqDeserializer reads it; of anyone's reply, not only Nest's. */
export class IbmMqReplyDeserializer implements ProducerDeserializer {
  deserialize(reply: IncomingMessage): IncomingResponse {
    const { headers } = reply;
    const id = reply.correlationId ?? '';
    const isDisposed = headers[MORE_REPLIES] !== true;
    if (headers[ERROR_REPLY] === true) return { id, err: payloadOf(reply), isDisposed: true };
    if (headers[NO_VALUE] === true) return { id, isDisposed: true };
    return { id, response: payloadOf(reply), isDisposed };
  }
}
