import { Injectable } from '@nestjs/common';
import { IbmMqClient, IbmMqConnectionManager, type OutgoingHeaders } from '@orderbridge/ibm-mq';
import {
  DestinationsUnavailableError,
  PartlyPublishedError,
  UndeliverableMessageError,
  type OutgoingMessage,
  type Publisher,
} from '@orderbridge/messaging';

/** Most messages of a unit of work; far below MAXUMSGS by default. */
const UNIT = 100;
/** Milliseconds for which a failure counts: a relay that leads tries again sooner. */
const PROBLEM_LIFETIME_MS = 15_000;

/**
 * Publishes to IBM MQ: persistent messages in units of work, in order per queue as long as one `publish` is in flight. A
 * unit of work that the queue manager does not take is made smaller, see `IbmMqClient.sendAll`.
 */
@Injectable()
export class IbmMqPublisher implements Publisher {
  readonly broker = 'ibm-mq';
  readonly #client: Pick<IbmMqClient, 'sendAll'>;
  #problem: { readonly error: Error; readonly at: number } | undefined;

  constructor(connection: IbmMqConnectionManager) {
    this.#client = new IbmMqClient({ connection });
  }

  /** @throws PartlyPublishedError when some are published and some are not, see its cause. */
  async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    const { sent, refused, blocked, failure } = await this.#client.sendAll(messages.map(toIbmMq), {
      unitSize: UNIT,
    });
    const unavailable = blocked.size > 0 ? new DestinationsUnavailableError(blocked) : undefined;
    this.#problem = unavailable && { error: unavailable, at: performance.now() };
    const [first] = refused;
    const error = first
      ? new UndeliverableMessageError(first.error.message, { cause: first.error })
      : (failure ?? unavailable);
    if (!error) return;
    throw sent.length === 0
      ? error
      : new PartlyPublishedError(new Set(sent.map(({ outgoing }) => outgoing)), error);
  }

  /**
   * Rejects with why a queue did not take the last messages: it is missing, full, inhibited. Whether there is a connection is
   * for the connection to say.
   */
  check(): Promise<void> {
    const problem = this.#problem;
    if (!problem || performance.now() - problem.at > PROBLEM_LIFETIME_MS) return Promise.resolve();
    return Promise.reject(problem.error);
  }
}

function toIbmMq(outgoing: OutgoingMessage) {
  const { destination, messageId, headers, body } = outgoing;
  return { outgoing, queue: destination.name, body, format: 'MQSTR', headers: single(headers), messageId };
}

/** A message property has one value: the last of a header's. */
function single(headers: OutgoingMessage['headers']): OutgoingHeaders {
  const several = Object.entries(headers).filter(([, value]) => Array.isArray(value));
  const last = several.map(([name, values]) => [name, (values as readonly (string | Buffer)[]).at(-1)]);
  return { ...headers, ...(Object.fromEntries(last) as OutgoingHeaders) } as OutgoingHeaders;
}
