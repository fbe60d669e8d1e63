import { transientOutput, type Connection, type Output } from '../connection/connection.js';
import { IbmMqError } from '../errors.js';
import type { MQMD } from '../mqi/ibmmq.js';
import { isStaleHandle } from '../mqi/reason-codes.js';
import type { OutgoingHeaders } from '../message/headers.js';
import { encodeData, encodeDescriptor, type OutgoingMessage } from '../message/outgoing-message.js';

/**
 * Puts a message in the connection's unit of work. Its queue is opened at the first message and kept open, but for the
 * reply queues of others.
 */
export function putMessage(
  connection: Connection,
  message: OutgoingMessage,
  moreHeaders: OutgoingHeaders = {},
): void {
  const headers = { ...message.headers, ...moreHeaders };
  const descriptor = encodeDescriptor(connection.mqi, message, headers);
  putInto(connection, () => open(connection, message), descriptor, encodeData(message, headers));
}

/** Puts to a queue; opens it again when it was altered or defined anew since it was opened. */
export function putInto(
  connection: Connection,
  openOutput: () => Output,
  descriptor: MQMD,
  data: Buffer,
): void {
  const output = openOutput();
  try {
    connection.put(output, descriptor, data);
  } catch (error) {
    if (!(error instanceof IbmMqError) || !isStaleHandle(error.reason)) throw error;
    connection.closeOutput(output);
    connection.put(openOutput(), descriptor, data);
  }
}

function open(connection: Connection, message: OutgoingMessage): Output {
  return message.type === 'REPLY' ? transientOutput(message) : connection.openOutput(message);
}
