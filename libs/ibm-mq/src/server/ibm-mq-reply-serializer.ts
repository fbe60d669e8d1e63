import type { ConsumerSerializer, OutgoingResponse } from '@nestjs/microservices';
import { IbmMqRecord, type SendOptions } from '../message/ibm-mq-record.js';
import type { OutgoingMessage } from '../message/outgoing-message.js';
import { encodePayload } from '../message/payload.js';
import { ERROR_REPLY, MORE_REPLIES, NO_VALUE } from '../message/reply.js';

/** What a reply serializer makes of a reply. */
export type SerializedReply = Pick<OutgoingMessage, 'body'> & SendOptions;

/** The default: the value alone, so that any program can read it; only what is special is marked with headers. */
export class IbmMqReplySerializer implements ConsumerSerializer {
  serialize({ err, response, isDisposed }: OutgoingResponse): SerializedReply {
    if (err !== undefined) return { body: encodePayload(err), headers: { [ERROR_REPLY]: true } };
    if (response === undefined) return { body: '', headers: { [NO_VALUE]: true } };
    const { payload, options } = IbmMqRecord.of(response);
    const headers = isDisposed ? options.headers : { ...options.headers, [MORE_REPLIES]: true };
    return { ...options, headers, body: encodePayload(payload) };
  }
}
