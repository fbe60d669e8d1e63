import { INVENTORY_EVENTS, refundRequested, voidRequested, type Broker } from '@orderbridge/contracts';
import type { BusMessage } from './brokers/bus-message.js';
import { CutOffs } from './brokers/cut-offs.js';
import { SimulatedQueue } from './brokers/simulated-ibm-mq.js';
import { SimulatedKafka } from './brokers/simulated-kafka.js';
import { Database } from './database/database.js';
import { MessagingTables } from './database/messaging-tables.js';
import { Faults } from './faults.js';
import type { Mutant, Place, Replaceable } from './mutants/mutant.js';
import { Names } from './names.js';
import { Partner } from './partners/partner.js';
import { SimulatedCarrier } from './partners/simulated-carrier.js';
import { SimulatedGateway } from './partners/simulated-gateway.js';
import { Random } from './schedule/random.js';
import { Scheduler, type Process } from './schedule/scheduler.js';
import { ReconciliationTable } from './services/fake-reconciliation.repository.js';
import { ReservationTable } from './services/inventory/fake-reservation.repository.js';
import { StockTable } from './services/inventory/fake-stock.repository.js';
import { OrderTables } from './services/order/fake-order.repository.js';
import type { OrderApi } from './services/order/order-program.js';
import { PaymentTables } from './services/payment/fake-payment.repository.js';
import type { PaymentApi } from './services/payment/payment-program.js';
import { ShippingTables } from './services/shipping/fake-shipment.repository.js';
import type { Reconciliation } from '../../libs/reconciliation/src/index.js';
import { Violation } from './violation.js';

/** Types of the dead letters of calls that only the operator makes due again. */
const PARKED_UNTIL_REDRIVEN: ReadonlySet<string> = new Set([refundRequested.type, voidRequested.type]);

export type ServiceName = 'order' | 'inventory' | 'payment' | 'shipping';

/** What of a service survives a crash. */
export class Service<Tables> {
  readonly database: Database;
  readonly messaging = new MessagingTables();
  /** Types of the events that it handles. */
  readonly handled = new Set<string>();

  constructor(
    readonly name: ServiceName,
    readonly tables: Tables,
    readonly brokers: readonly Broker[],
  ) {
    this.database = new Database(name);
  }
}

/** Everything there is in one run, except the processes themselves. */
export class World {
  readonly random: Random;
  readonly faults: Faults;
  readonly scheduler: Scheduler;
  readonly names = new Names();
  readonly cutOffs = new CutOffs();
  readonly kafka: SimulatedKafka;
  readonly queue: SimulatedQueue;
  readonly gateway: SimulatedGateway;
  readonly carrier: SimulatedCarrier;
  readonly order = new Service('order', new OrderTables(), ['kafka']);
  readonly inventory = new Service(
    'inventory',
    {
      stock: new StockTable(),
      reservations: new ReservationTable(),
      reconciliation: new ReconciliationTable(),
    },
    ['kafka', 'ibm-mq'],
  );
  readonly payment = new Service('payment', new PaymentTables(), ['kafka']);
  readonly shipping = new Service('shipping', new ShippingTables(), ['kafka']);
  readonly services = [this.order, this.inventory, this.payment, this.shipping] as const;
  /** Where customers can be served at this moment. */
  readonly orderApis = new Map<Process, OrderApi>();
  /** Where payments can be made by hand at this moment. */
  readonly paymentApis = new Map<Process, PaymentApi>();
  /** Starts a reconciliation of a service, for whoever can at this moment. */
  readonly reconciliations = new Map<Process, Reconciliation>();
  /** What every broker took, by topic or queue, as it was sent. */
  readonly published = new Map<string, BusMessage[]>();
  /** Ids of the dead letters that the operator has sent again. */
  readonly redriven = new Set<string>();
  /** Whether any process was ended without being asked. */
  hasKilled = false;
  /** The first one. */
  violation: Violation | undefined;

  constructor(
    seed: number,
    private readonly mutant: Mutant | undefined,
  ) {
    this.random = new Random(seed);
    this.faults = new Faults(this.random);
    this.scheduler = new Scheduler(this.random);
    const tap = (place: string, message: BusMessage): void => this.#publish(place, message);
    const partitions = this.random.between(1, 3);
    this.kafka = new SimulatedKafka(this.random, this.faults, this.names, tap, partitions, this.cutOffs);
    this.queue = new SimulatedQueue(INVENTORY_EVENTS.name, this.random, this.faults, tap, this.cutOffs);
    const partner = (name: string): Partner => new Partner(name, this.scheduler, this.random, this.faults);
    this.gateway = new SimulatedGateway(partner('gateway'), this.names, this.faults);
    this.carrier = new SimulatedCarrier(partner('carrier'), this.names);
  }

  /** The part as it is to be used: as given, or what the mutant puts in its place. */
  part<Name extends keyof Replaceable>(
    name: Name,
    real: Replaceable[Name],
    program?: Place['program'],
  ): Replaceable[Name] {
    const replace = this.mutant?.replace[name];
    return replace ? replace(real, { world: this, program }) : real;
  }

  fail(invariant: string, detail: string): void {
    this.violation ??= new Violation(invariant, detail);
  }

  /** For what must not fail and is not awaited. */
  watch(promise: Promise<unknown>): void {
    promise.catch((error: Error) => this.fail('simulator', error.stack ?? error.message));
  }

  /** Whether anything changed since it was last asked that invariants are about. */
  takeChanged(): boolean {
    let changed = false;
    for (const books of [...this.services.map(({ database }) => database), this.gateway, this.carrier]) {
      changed ||= books.changed;
      books.changed = false;
    }
    return changed;
  }

  /** What is parked until the operator wants it again is not parked twice meanwhile. */
  #checkParked(place: string, { key, headers: { ce_type: type, ce_id: id } }: BusMessage): void {
    if (!place.endsWith('.dlt') || !id || !PARKED_UNTIL_REDRIVEN.has(type ?? '')) return;
    const before = (this.published.get(place) ?? []).filter(
      ({ key: other, headers }) => other === key && headers['ce_type'] === type && headers['ce_id'] !== id,
    );
    if (before.some(({ headers }) => !this.redriven.has(headers['ce_id'] as string)))
      this.fail('I5 dead letters', `${type} ${this.names.of(key)} is parked twice.`);
  }

  #publish(place: string, message: BusMessage): void {
    let published = this.published.get(place);
    if (!published) this.published.set(place, (published = []));
    published.push(message);
    const { ce_type: type, ce_id: id, ce_source: source, ce_causationid: cause } = message.headers;
    this.scheduler.trace.add(place, `${type ?? 'garbage'} ${this.names.of(message.key)}`);
    this.#checkParked(place, message);
    if (!id || !cause || place.endsWith('.dlt')) return;
    const sender = this.services.find(({ name }) => source === `/orderbridge/${name}`);
    if (sender && !sender.messaging.isClaimed(sender.name, cause)) {
      this.fail(
        'I8 messages',
        `${sender.name} sent ${type} for ${this.names.of(message.key)}, but what caused it is not committed.`,
      );
    }
  }
}
