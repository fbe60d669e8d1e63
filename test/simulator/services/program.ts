import {
  Pipeline,
  PoisonMessageError,
  Relay,
  UnitsOfWork,
  type Delivery,
  type EventRoutes,
  type PipelineObserver,
} from '@orderbridge/messaging';
import {
  PartnerOperation,
  WorkItemProcessor,
  type WorkItem,
  type WorkItemHandlers,
} from '@orderbridge/work-items';
import type { Reconciliation } from '../../../libs/reconciliation/src/index.js';
import { isGarbage } from '../brokers/bus-message.js';
import { consumeIbmMq } from '../brokers/ibm-mq-consumer.js';
import { consumeKafka, unlessStopped } from '../brokers/kafka-consumer.js';
import { endConnections, Session } from '../database/database.js';
import { SimulatedStarts } from '../database/simulated-starts.js';
import { SimulatedMessageStore } from '../database/simulated-message-store.js';
import type { Process } from '../schedule/scheduler.js';
import type { Service, World } from '../world.js';
import type { Bugs } from './bugs.js';
import { routesOf } from './routes.js';
import { SimulatedBug, SimulatedRefusal } from './simulated-bug.js';

/** Milliseconds between polls that find nothing as a rule: each costs steps, and what is new is announced. */
const POLL = 5_000;

const QUIET = { settled() {}, postponed() {}, parked() {}, retrying() {}, leading() {}, published() {} };

/** What the process of every service consists of: the real pipeline, relay and work item processors on fakes. */
export class Program {
  readonly session: Session;
  readonly unitsOfWork: UnitsOfWork;
  readonly #store;
  readonly #pipelines: Pipeline[] = [];
  readonly #processors: { stop(): Promise<void> }[] = [];

  constructor(
    readonly world: World,
    readonly process: Process,
    readonly service: Service<unknown>,
    private readonly bugs: Bugs,
  ) {
    process.atCrash(() => endConnections(service.database, process));
    this.session = new Session(process, service.database, world.scheduler, world.faults);
    const store = new SimulatedMessageStore(this.session, service.messaging);
    this.#store = world.part('store', store, this);
    this.unitsOfWork = new UnitsOfWork(this.#store, `/orderbridge/${service.name}`);
  }

  /** Resolves when what is in flight has been finished or given back. Its leads end with the process. */
  async stop(): Promise<void> {
    await Promise.all([...this.#pipelines, ...this.#processors].map((part) => part.stop()));
  }

  consumeKafka(topics: readonly string[], ...controllers: readonly object[]): void {
    const { world, process, service, unitsOfWork } = this;
    consumeKafka({
      process,
      kafka: world.kafka,
      group: service.name,
      topics,
      pipeline: this.#pipeline(controllers, true),
      unitsOfWork,
      random: world.random,
      acknowledge: world.part('acknowledge', 'after', this),
    });
  }

  consumeIbmMq(...controllers: readonly object[]): void {
    const { world, process } = this;
    world.watch(
      consumeIbmMq({
        process,
        queue: world.queue,
        pipeline: this.#pipeline(controllers, false),
        random: world.random,
        acknowledge: world.part('acknowledge', 'after', this),
      }).catch(unlessStopped),
    );
  }

  publish(): void {
    const { world, process, service, unitsOfWork } = this;
    const relay = new Relay({
      store: this.#store,
      unitsOfWork,
      publishers: service.brokers.map((broker) =>
        broker === 'kafka' ? world.kafka.publisher(process) : world.queue.publisher(process),
      ),
      observer: {
        ...QUIET,
        parked: ({ messageId }) => world.fail('I8 messages', `The message ${messageId} was parked.`),
      },
      batchSize: 10,
      fallbackInterval: POLL,
      clock: process.clock,
    });
    relay.start();
  }

  /** What `PeriodicTask` does: `run` says whether there is more to do at once; `interval` is in milliseconds. */
  repeat(interval: number, run: () => Promise<boolean>): void {
    const repeat = async (): Promise<never> => {
      for (;;) {
        const more = await run().catch(() => false);
        if (!more) await this.process.clock.sleep(interval);
      }
    };
    this.world.watch(repeat());
  }

  /** An operation of a partner, with a circuit breaker as the real ones have. */
  operation(name: string): PartnerOperation {
    return this.world.part('operation', new PartnerOperation(name, { clock: this.process.clock }), this);
  }

  /** What `ReconciliationTask` does, for runs that the simulation starts. */
  reconcile(reconciliation: Reconciliation): void {
    const { world, process } = this;
    world.reconciliations.set(process, reconciliation);
    process.atCrash(() => world.reconciliations.delete(process));
    this.repeat(2 * POLL, () => reconciliation.step());
  }

  /** @returns what wakes the processor. */
  work<Item extends WorkItem, Result>(handlers: WorkItemHandlers<Item, Result>): { wake(): void } {
    const processor = new WorkItemProcessor({
      handlers,
      observer: QUIET,
      concurrency: 4,
      pollIntervalMs: POLL,
      clock: this.process.clock,
    });
    processor.start();
    this.#processors.push(processor);
    return processor;
  }

  /** `watched` for messages that end the process, which IBM MQ counts itself. */
  #pipeline(controllers: readonly object[], watched: boolean): Pipeline {
    const { world, process, service, session, unitsOfWork } = this;
    const routes = world.part('routes', this.#withBugs(routesOf(controllers)), this);
    for (const type of routes.keys()) service.handled.add(type);
    const observer: PipelineObserver = {
      committed: () => undefined,
      retrying: () => undefined,
      rejected: (delivery, error) => this.#rejected(delivery, error),
    };
    const pipeline = new Pipeline({
      consumer: service.name,
      routes,
      unitsOfWork,
      observer,
      batchSize: world.random.between(1, 12),
      clock: process.clock,
      starts: watched ? new SimulatedStarts(session, service.messaging) : undefined,
    });
    this.#pipelines.push(pipeline);
    return pipeline;
  }

  #withBugs(routes: EventRoutes): EventRoutes {
    return new Map([...routes].map(([type, route]) => [type, this.bugs.in(this.service.name, route)]));
  }

  #rejected({ headers }: Delivery, error: Error): void {
    const { world, service } = this;
    const what = `${headers['ce_type']} ${world.names.of(headers['ce_subject'] ?? '')}`;
    world.scheduler.trace.add(this.process.name, `rejects ${what}: ${error.message}`);
    if (isGarbage({ headers: headers as Record<string, string> })) return;
    if (error instanceof SimulatedBug || error instanceof SimulatedRefusal) return;
    // Its handling was cut off too often: by crashes, or what could not be withdrawn counts as one.
    if (error instanceof PoisonMessageError && (world.hasKilled || world.faults.counts.has('database')))
      return;
    world.fail(
      'I5 dead letters',
      `${service.name} rejects a message of its own making, ${what}: ${error.message}`,
    );
  }
}
