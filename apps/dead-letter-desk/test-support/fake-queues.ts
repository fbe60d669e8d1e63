import { IncomingMessage, type Changes } from '@orderbridge/ibm-mq';
import { withChanges } from '../../../libs/ibm-mq/src/message/changed-message.js';
import {
  LITTLE_ENDIAN,
  RFH2_FORMAT,
  UTF_8,
  writeElements,
  writeRfh2,
} from '../../../libs/ibm-mq/src/message/rfh2.js';

export const BOQ = 'INVENTORY.EVENTS.BOQ';

type Descriptor = ConstructorParameters<typeof IncomingMessage>[1];
type Chosen = (message: IncomingMessage) => boolean;

/** A message on the backout queue, as the client library shows it. */
export function messageOn(
  queue: string,
  messageId: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  putAt = new Date(),
): IncomingMessage {
  const digits = putAt.toISOString().replaceAll(/\D/g, '');
  const next = { format: 'MQSTR', encoding: LITTLE_ENDIAN, characterSet: UTF_8 };
  const descriptor = {
    MsgId: Buffer.from(messageId, 'hex'),
    Format: RFH2_FORMAT,
    Encoding: LITTLE_ENDIAN,
    CodedCharSetId: UTF_8,
    PutDate: digits.slice(0, 8),
    PutTime: digits.slice(8, 16),
  } as Descriptor;
  return new IncomingMessage(
    queue,
    descriptor,
    writeRfh2([`<usr>${writeElements(headers)}</usr>`], next, body),
  );
}

/** Queues as the desk sees them through IBM MQ, with faults on request. */
export class FakeQueues {
  readonly messages: IncomingMessage[] = [];
  readonly moved: { target: string; messageId: string; changes: Changes }[] = [];
  /** Thrown by the next unit of work: before its commit, or after it as when the answer is lost. */
  fault: { error: Error; after: boolean } | undefined;

  backoutQueueOf(): Promise<string> {
    return Promise.resolve(BOQ);
  }

  async browse(queue: string, show: (message: IncomingMessage) => void | Promise<void>): Promise<void> {
    for (const message of this.messages.filter((one) => one.queue === queue)) await show(message);
  }

  move(queue: string, messageId: string, chosen: Chosen, target: string, changes: Changes): Promise<boolean> {
    return this.remove(queue, messageId, chosen, (message) => {
      // Throws for what no property of a message can hold.
      withChanges(message, changes);
      this.moved.push({ target, messageId, changes });
    });
  }

  async remove(
    queue: string,
    messageId: string,
    chosen: Chosen,
    then: (message: IncomingMessage) => unknown = () => undefined,
  ): Promise<boolean> {
    const { fault } = this;
    this.fault = undefined;
    if (fault && !fault.after) throw fault.error;
    const index = this.messages.findIndex(
      (message) => message.queue === queue && message.messageId === messageId && chosen(message),
    );
    const message = this.messages[index];
    if (message) {
      then(message);
      this.messages.splice(index, 1);
    }
    if (fault) throw fault.error;
    return message !== undefined;
  }
}
