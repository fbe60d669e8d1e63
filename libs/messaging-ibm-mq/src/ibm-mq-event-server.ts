import { crashPoint } from '@orderbridge/crash-points';
import {
  IbmMqServer,
  type BackoutLedger,
  type IbmMqConnectionManager,
  type IncomingMessage,
  type OutgoingHeaders,
  type UnitOfWork,
} from '@orderbridge/ibm-mq';
import {
  deadLetterHeaders,
  eventRoutes,
  Pipeline,
  PipelineStoppedError,
  PoisonMessageError,
  type Delivery,
  type PipelineObserver,
  type Rejection,
  type UnitsOfWork,
} from '@orderbridge/messaging';

export interface IbmMqEventServerOptions {
  readonly connection: IbmMqConnectionManager;
  /** Consumer in the inbox: the service. */
  readonly consumer: string;
  readonly queues: readonly string[];
  readonly unitsOfWork: UnitsOfWork;
  readonly observer: PipelineObserver;
  /** Knows which deliveries count against their message. */
  readonly ledger: BackoutLedger;
}

/** Most messages of a unit of work. */
const UNIT = 50;

/**
 * Nest strategy that takes the events of `@OnEvent` handlers from IBM MQ queues, in units of work, through the inbox.
 * The queue manager commits only after the database has committed what was done with the messages (design rule 2). A
 * rejected message goes to the queue's BOQNAME in the same unit of work.
 */
export class IbmMqEventServer extends IbmMqServer {
  readonly #events: IbmMqEventServerOptions;
  #pipeline: Pipeline | undefined;

  constructor(options: IbmMqEventServerOptions) {
    super({
      connection: options.connection,
      ledger: options.ledger,
      queues: Object.fromEntries(options.queues.map((queue) => [queue, { batchSize: UNIT }])),
    });
    this.#events = options;
  }

  override listen(callback: (error?: unknown) => void): void {
    const { consumer, unitsOfWork, observer } = this.#events;
    try {
      this.#pipeline = new Pipeline({
        consumer,
        unitsOfWork,
        observer,
        routes: eventRoutes(this.messageHandlers),
      });
    } catch (error) {
      callback(error);
      return;
    }
    super.listen(callback);
  }

  override async close(): Promise<void> {
    await Promise.all([this.#pipeline?.stop(), super.close()]);
  }

  /** Handlers are named by their events, not by queues. */
  protected override queues(): Iterable<string> {
    return this.#events.queues;
  }

  protected override async handleUnitOfWork(unit: UnitOfWork): Promise<void> {
    if (!this.#pipeline) throw new Error('The server does not listen.');
    const outcomes = await this.#pipeline.process(unit.messages.map(toDelivery));
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status !== 'rejected') continue;
      const message = unit.messages[index] as IncomingMessage;
      const attempts = message.backoutCount + outcome.attempts;
      const headers = this.#deadLetterHeaders(message, { ...outcome, attempts });
      await unit.reject(message, { headers });
    }
    crashPoint('ibm-mq.committing');
  }

  /** A message whose handling was begun and never finished as often as BOTHRESH says: it seems to end the process. */
  protected override backoutHeaders(message: IncomingMessage, attempts: number): OutgoingHeaders {
    const error = new PoisonMessageError(attempts);
    const { putAt: firstTried } = message;
    return this.#deadLetterHeaders(message, { error, attempts, firstTried, lastTried: new Date() });
  }

  /** The pipeline itself rejects messages that fail; when it stops, that is nobody's fault. */
  protected override countsAgainstMessage(error: unknown): boolean {
    return !(error instanceof PipelineStoppedError);
  }

  #deadLetterHeaders(
    { queue, messageId }: IncomingMessage,
    rejection: Omit<Rejection, 'status'>,
  ): OutgoingHeaders {
    return {
      ...deadLetterHeaders(this.#events.consumer, rejection),
      dlt_queue: queue,
      dlt_message_id: messageId,
    };
  }
}

function toDelivery({ queue, messageId, headers, body }: IncomingMessage): Delivery {
  const text: Record<string, string | undefined> = {};
  for (const name in headers) text[name] = headers[name]?.toString();
  return {
    source: { broker: 'ibm-mq', name: queue },
    origin: `ibm-mq ${queue} ${messageId}`,
    key: text['ce_subject'] ?? '',
    headers: text,
    body,
  };
}
