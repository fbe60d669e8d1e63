import { Injectable } from '@nestjs/common';
import { IbmMqClient, IbmMqConnectionManager, IbmMqError, type OutgoingHeaders } from '@orderbridge/ibm-mq';
import { UndeliverableMessageError, type OutgoingMessage, type Publisher } from '@orderbridge/messaging';

/** MQRC_MSG_TOO_BIG_FOR_Q, MQRC_MSG_TOO_BIG_FOR_Q_MGR, MQRC_DATA_LENGTH_ERROR: the queue manager refuses for good. */
const REFUSALS = new Set([2030, 2031, 2010]);
/** Messages of one unit of work; far below MAXUMSGS. */
const UNIT = 100;

/** Publishes to IBM MQ: persistent messages in units of work, in order as long as one `publish` is under way. */
@Injectable()
export class IbmMqPublisher implements Publisher {
  readonly broker = 'ibm-mq';
  readonly #client: IbmMqClient;

  constructor(connection: IbmMqConnectionManager) {
    this.#client = new IbmMqClient({ connection });
  }

  async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    for (let start = 0; start < messages.length; start += UNIT) {
      const unit = messages.slice(start, start + UNIT);
      try {
        await this.#client.sendBatch(
          unit.map(({ destination, messageId, headers, body }) => ({
            queue: destination.name,
            body,
            format: 'MQSTR',
            headers: single(headers),
            messageId,
          })),
        );
      } catch (error) {
        if (!(error instanceof IbmMqError) || !REFUSALS.has(error.reason)) throw error;
        throw new UndeliverableMessageError(error.message, { cause: error });
      }
    }
  }
}

/** A message property has one value: the last of a header's. */
function single(headers: OutgoingMessage['headers']): OutgoingHeaders {
  const several = Object.entries(headers).filter(([, value]) => Array.isArray(value));
  const last = several.map(([name, values]) => [name, (values as readonly (string | Buffer)[]).at(-1)]);
  return { ...headers, ...(Object.fromEntries(last) as OutgoingHeaders) } as OutgoingHeaders;
}
