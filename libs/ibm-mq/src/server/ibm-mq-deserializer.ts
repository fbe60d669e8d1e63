import type { ConsumerDeserializer, IncomingEvent } from '@nestjs/microservices';
import type { IncomingMessage } from '../message/incoming-message.js';
import { payloadOf } from '../message/payload.js';

/** The default: text that is JSON becomes its value, other text a string, bytes a Buffer. The pattern is the queue. */
export class IbmMqDeserializer implements ConsumerDeserializer {
  deserialize(message: IncomingMessage): IncomingEvent {
    return { pattern: message.queue, data: payloadOf(message) };
  }
}
