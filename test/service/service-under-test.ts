import type { DynamicModule, InjectionToken } from '@nestjs/common';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  createEvent,
  encodeEvent,
  topic,
  type Broker,
  type Cause,
  type CloudEvent,
  type DataOf,
  type EventContract,
} from '@orderbridge/contracts';
import {
  eventRoutes,
  Pipeline,
  UnitsOfWork,
  type Delivery,
  type OutgoingMessage,
  type Outcome,
  type Publisher,
} from '@orderbridge/messaging';
import { configureService, serviceAdapter } from '@orderbridge/service';
import { DataSource } from 'typeorm';

/** Stands in for a broker: keeps what is published. */
export class RecordingPublisher implements Publisher {
  readonly messages: OutgoingMessage[] = [];
  readonly #watchers = new Set<() => void>();

  constructor(readonly broker: Broker) {}

  publish(messages: readonly OutgoingMessage[]): Promise<void> {
    this.messages.push(...messages);
    for (const watch of this.#watchers) watch();
    return Promise.resolve();
  }

  /** Resolves with the messages of a contract once there are so many. */
  async until(contract: Pick<EventContract, 'type'>, count: number): Promise<OutgoingMessage[]> {
    const found = () => this.messages.filter(({ headers }) => headers['ce_type'] === contract.type);
    if (found().length < count) {
      await new Promise<void>((resolve) => {
        const watch = () => {
          if (found().length < count) return;
          this.#watchers.delete(watch);
          resolve();
        };
        this.#watchers.add(watch);
      });
    }
    return found();
  }
}

/** Stands in for the consuming end of a broker. */
class TestStrategy extends Server implements CustomTransportStrategy {
  override readonly propagatesEventHandlerErrors = true;
  pipeline: Pipeline | undefined;

  constructor(private readonly unitsOfWork: () => UnitsOfWork) {
    super();
  }

  listen(callback: () => void): void {
    this.pipeline = new Pipeline({
      consumer: 'test',
      routes: eventRoutes(this.messageHandlers),
      unitsOfWork: this.unitsOfWork(),
      observer: { committed() {}, retrying() {}, rejected() {} },
    });
    callback();
  }

  close(): Promise<void> {
    return this.pipeline?.stop() ?? Promise.resolve();
  }

  on(): never {
    throw new Error('no events');
  }

  unwrap(): never {
    throw new Error('nothing to unwrap');
  }
}

export interface ServiceUnderTest {
  readonly app: NestFastifyApplication;
  readonly dataSource: DataSource;
  readonly kafka: RecordingPublisher;
  readonly mq: RecordingPublisher;
  /** Delivers messages as a broker would: together, in order. */
  deliver(...deliveries: Delivery[]): Promise<Outcome[]>;
  close(): Promise<void>;
}

export interface Override {
  readonly token: InjectionToken;
  readonly value: unknown;
}

/** Runs a service on its database alone: HTTP without a port, brokers and partners replaced. */
export async function startServiceUnderTest(
  module: DynamicModule,
  publishers: { readonly kafka: InjectionToken; readonly mq?: InjectionToken },
  overrides: readonly Override[] = [],
): Promise<ServiceUnderTest> {
  const kafka = new RecordingPublisher('kafka');
  const mq = new RecordingPublisher('ibm-mq');
  const builder = Test.createTestingModule({ imports: [module] });
  builder
    .overrideProvider(publishers.kafka)
    .useValue(Object.assign(kafka, { close: () => Promise.resolve() }));
  if (publishers.mq) builder.overrideProvider(publishers.mq).useValue(mq);
  for (const { token, value } of overrides) builder.overrideProvider(token).useValue(value);
  const testing = await builder.compile();
  const app = testing.createNestApplication<NestFastifyApplication>(serviceAdapter(), { logger: ['fatal'] });
  const strategy = new TestStrategy(() => app.get(UnitsOfWork));
  configureService(app, { name: 'test', description: 'under test', strategies: () => [strategy] });
  await app.startAllMicroservices();
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return {
    app,
    dataSource: app.get(DataSource),
    kafka,
    mq,
    deliver: (...deliveries) => {
      if (!strategy.pipeline) throw new Error('The service does not listen.');
      return strategy.pipeline.process(deliveries);
    },
    close: () => app.close(),
  };
}

const CAUSE: Cause = {
  correlationId: 'c0ffee',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};

let position = 0;

/** A delivery of an event that is already made. */
export function deliveryOf(contract: EventContract, event: CloudEvent): Delivery {
  const { headers, body } = encodeEvent(contract, event);
  return {
    source: contract.destinations[0] ?? topic('test'),
    origin: `test@${position++}`,
    key: event.subject,
    headers,
    body: Buffer.from(body),
  };
}

/** A delivery of a new event. */
export function newDelivery<Contract extends EventContract>(
  contract: Contract,
  data: DataOf<Contract>,
): Delivery {
  return deliveryOf(contract, createEvent(contract, '/orderbridge/test', data, CAUSE));
}

/** What was dead-lettered, as it was before, and its delivery when it is sent to where it came from again. */
export function redrivenFrom(
  { headers, ...letter }: OutgoingMessage,
  source: Delivery['source'],
): { readonly original: OutgoingMessage; readonly delivery: Delivery } {
  const original = {
    ...letter,
    headers: Object.fromEntries(
      Object.entries(headers).filter(([name]) => !name.startsWith('dlt_')),
    ) as Record<string, string>,
  };
  return {
    original,
    delivery: {
      source,
      origin: 'redriven',
      key: letter.key,
      headers: original.headers,
      body: Buffer.from(letter.body),
    },
  };
}

/** The data of published messages. */
export const dataOf = (messages: readonly OutgoingMessage[]): unknown[] =>
  messages.map(({ body }) => JSON.parse(body.toString()) as unknown);
