import { Customers, PLENTIFUL, PRODUCTS } from './customers.js';
import type { Fault } from './faults.js';
import { Fleet } from './fleet.js';
import { Invariants } from './invariants.js';
import type { Mutant } from './mutants/mutant.js';
import { Operator } from './operator.js';
import { DECLINED } from './partners/simulated-gateway.js';
import { CARRIER_FAULTS, UNKNOWN_POSTAL_CODE } from './partners/simulated-carrier.js';
import { replaceAmbient } from './schedule/ambient.js';
import type { Violation } from './violation.js';
import { World } from './world.js';

export interface SimulationOptions {
  readonly mutant?: Mutant;
  /** `safety` ends when the faults do; `liveness` goes on until everything has come to its end. */
  readonly mode?: 'safety' | 'liveness';
}

export interface Outcome {
  readonly seed: number;
  readonly violation: Violation | undefined;
  readonly steps: number;
  /** How many orders ended in which status. */
  readonly statuses: ReadonlyMap<string, number>;
  readonly faults: ReadonlyMap<Fault, number>;
  /** The last lines of what happened; all of them when no number is given. */
  readonly trace: (last?: number) => string[];
}

/** Steps within which everything has to come to its end once nothing goes wrong any more. */
const BOUND = 20_000;
/** Milliseconds between two looks of the operator at the dead letters when nothing goes wrong. */
const ROUND = 5_000;
/** Most milliseconds by which time jumps. */
const JUMP = 90_000;

/** What must become of orders that are placed when nothing goes wrong any more. */
const EXPECTED: readonly (readonly [
  paymentToken: string,
  postalCode: string,
  quantity: number,
  status: string,
])[] = [
  ['tok_approve', '10115', 1, 'DELIVERED'],
  [DECLINED, '10115', 1, 'PAYMENT_FAILED'],
  ['tok_approve', UNKNOWN_POSTAL_CODE, 1, 'REFUNDED'],
  // Parked until the operator gives it up, or its deadline has passed.
  ['tok_approve', CARRIER_FAULTS.poison, 1, 'REFUNDED or CANCELLED'],
  ['tok_approve', CARRIER_FAULTS.doubtful, 1, 'DELIVERED'],
  ['tok_approve', CARRIER_FAULTS.forged, 1, 'DELIVERED'],
  ['tok_approve', '10115', 1_000_000, 'REJECTED'],
];

/** Runs the whole system in this process with everything that is chance decided by the seed. One run at a time. */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<Outcome> {
  const world = new World(seed, options.mutant);
  const restore = replaceAmbient(() => world.scheduler.now, world.random);
  try {
    const run = new Simulation(world);
    await run.withFaults();
    if (options.mode !== 'safety' && !world.violation) await run.untilRest();
    const statuses = new Map<string, number>();
    for (const { status } of world.order.tables.orders.rows.values())
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const lines = world.scheduler.trace;
    return {
      seed,
      violation: world.violation,
      steps: world.scheduler.steps,
      statuses,
      faults: world.faults.counts,
      trace: (last) => lines.lines(last),
    };
  } finally {
    restore();
  }
}

class Simulation {
  readonly #customers: Customers;
  readonly #fleet: Fleet;
  readonly #operator: Operator;
  readonly #invariants: Invariants;

  constructor(private readonly world: World) {
    const { random } = world;
    const { stock } = world.inventory.tables;
    for (const product of PRODUCTS)
      stock.rows.set(product, { onHand: random.between(0, 12), reserved: 0, shipped: 0 });
    stock.rows.set(PLENTIFUL, { onHand: 1_000, reserved: 0, shipped: 0 });
    this.#customers = new Customers(world);
    this.#fleet = new Fleet(world);
    this.#operator = new Operator(world);
    this.#invariants = new Invariants(world, this.#customers);
  }

  /** Orders flow, and what can go wrong does. */
  async withFaults(): Promise<void> {
    const { random, scheduler, faults } = this.world;
    const orders = random.between(1, 6);
    const within = random.between(1, 30_000);
    for (let order = 0; order < orders; order++) this.#customers.comeAtRandom(within);
    scheduler.haste = random.chance(0.5) ? 0.3 * random.next() : 0;
    const end = random.between(200, 1_500);
    while (scheduler.steps < end && !this.world.violation) {
      await this.#step();
      this.#strike();
    }
    faults.end();
    scheduler.haste = 0;
  }

  /** Nothing goes wrong any more: within a bound everything comes to its end, and new orders to the right one. */
  async untilRest(): Promise<void> {
    const { world } = this;
    await this.#rest();
    if (world.violation) return;
    const before = new Set(this.#customers.accepted.keys());
    for (const [paymentToken, postalCode, quantity] of EXPECTED)
      this.#customers.place({ items: { [PLENTIFUL]: quantity }, paymentToken, postalCode });
    await this.#rest();
    for (const [orderId, wish] of this.#customers.accepted) {
      if (before.has(orderId) || world.violation) continue;
      const quantity = wish.items[PLENTIFUL];
      const [, , , expected] =
        EXPECTED.find(
          ([token, postalCode, pieces]) =>
            token === wish.paymentToken && postalCode === wish.postalCode && pieces === quantity,
        ) ?? [];
      const status = world.order.tables.orders.rows.get(orderId)?.status;
      if (!expected?.split(' or ').includes(status ?? ''))
        world.fail(
          'I5 end',
          `${world.names.of(orderId)} is ${status}, not ${expected}, though nothing went wrong.`,
        );
    }
  }

  /** Resolves when there is nothing more to do, or too much. */
  async #rest(): Promise<void> {
    const { world } = this;
    const { scheduler } = world;
    const end = scheduler.steps + BOUND;
    let nextRound = scheduler.now;
    for (;;) {
      if (scheduler.now >= nextRound) {
        this.#operator.redriveAll();
        this.#deliver(1);
        nextRound = scheduler.now + ROUND;
      }
      if (
        this.#customers.areServed &&
        this.#fleet.isWhole &&
        this.#operator.isIdle &&
        !this.#invariants.unrest()
      )
        break;
      if (scheduler.steps > end)
        world.fail('I5 end', `After ${BOUND} steps ${this.#invariants.unrest() ?? 'somebody waits'}.`);
      if (world.violation) return;
      if (!(await this.#step()))
        world.fail('I5 end', `Nothing happens any more, and ${this.#invariants.unrest()}.`);
    }
    this.#invariants.checkAtRest();
  }

  async #step(): Promise<boolean> {
    const happened = await this.world.scheduler.advance();
    if (this.world.takeChanged()) this.#invariants.check();
    return happened;
  }

  /** Parcels reach their customers, each with the given probability, whatever becomes of their orders meanwhile. */
  #deliver(probability: number): void {
    const { carrier, random } = this.world;
    for (const orderId of carrier.labels.keys()) if (random.chance(probability)) carrier.deliver(orderId);
  }

  #breakLead(): void {
    const { random, services } = this.world;
    const { brokers, messaging } = random.pick(services);
    messaging.leadOf(random.pick(brokers)).break();
  }

  /** What may go wrong between any two steps. */
  #strike(): void {
    const { world } = this;
    const { faults, scheduler, random, kafka, queue } = world;
    if (random.chance(0.01)) this.#deliver(0.5);
    if (faults.happens('crash')) this.#fleet.crash();
    if (faults.happens('stop')) this.#fleet.stop();
    if (faults.happens('jump')) scheduler.now += random.below(JUMP);
    if (faults.happens('rebalance')) kafka.rebalance(random.pick([...kafka.groups.keys()]));
    if (faults.happens('leadLost')) this.#breakLead();
    if (faults.happens('cutOff')) this.#fleet.cutOff();
    if (faults.happens('redrive')) this.#operator.redriveOne();
    if (faults.happens('garbage')) {
      const topic = random.pick(['orders', 'inventory', 'payments', 'shipments', queue.name]);
      const type = random.pick([
        'order.created',
        'inventory.reserved',
        'payment.processed',
        'shipment.created',
      ]);
      const headers = { garbage: 'yes', ...(faults.toss() && { ce_type: type }) };
      const message = { key: 'garbage', headers, body: Buffer.from('?') };
      if (topic === queue.name) queue.put(message);
      else kafka.append(topic, message);
    }
  }
}
