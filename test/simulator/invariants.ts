import { INVENTORY_EVENTS } from '@orderbridge/contracts';
import type { OrderEntity } from '../../apps/order/src/storage/order.entity.js';
import { ALLOWED_MOVES, TERMINAL } from './allowed-moves.js';
import { isGarbage } from './brokers/bus-message.js';
import type { Customers } from './customers.js';
import type { World } from './world.js';

const GONE: ReadonlySet<string> = new Set(['SHIPPED', 'DELIVERED']);
/** Announcements, one for each time an order comes to the status. */
const ANNOUNCED: Readonly<Record<string, string>> = {
  RESERVED: 'order.reserved',
  PAID: 'order.paid',
  SHIPPED: 'order.shipped',
  DELIVERED: 'order.delivered',
  REJECTED: 'order.rejected',
  PAYMENT_FAILED: 'order.payment-failed',
  REFUNDED: 'order.refunded',
  CANCELLED: 'order.cancelled',
};

/** What is true of one order in all the books. */
interface Facts {
  readonly order: OrderEntity;
  readonly name: string;
  /** Approved charges, and how many of these were given back. */
  readonly captures: number;
  readonly refunds: number;
  readonly isBeingRefunded: boolean;
  readonly hasReservation: boolean;
  readonly hasLiveLabel: boolean;
}

/** I1 to I8 of the proof, over the databases' committed rows, the partners' own books and what brokers took. */
export class Invariants {
  readonly #initialStock = new Map<string, number>();

  constructor(
    private readonly world: World,
    private readonly customers: Customers,
  ) {
    for (const [product, { onHand }] of world.inventory.tables.stock.rows)
      this.#initialStock.set(product, onHand);
  }

  /** What holds at every moment. */
  check(): void {
    this.#checkStock();
    for (const facts of this.#allFacts()) {
      this.#checkMoney(facts);
      this.#checkEnd(facts);
      this.#checkTimeline(facts.order, facts.name);
    }
  }

  /** Why the world is not at rest yet; undefined when it is. */
  unrest(): string | undefined {
    const { world } = this;
    for (const order of world.order.tables.orders.rows.values())
      if (!TERMINAL.has(order.status)) return `${world.names.of(order.id)} is ${order.status}`;
    for (const { name, messaging, database } of world.services) {
      if (messaging.outbox.rows.size > 0) return `the outbox of ${name} is not empty`;
      if (database.open.size > 0) return `${name} has open transactions`;
    }
    for (const group of world.kafka.groups.keys())
      if (world.kafka.lag(group) > 0) return `${group} has not consumed all`;
    if (world.queue.messages.length > 0) return `${world.queue.name} is not empty`;
    for (const { status, orderId } of world.payment.tables.payments.rows.values())
      if (status === 'PENDING' || status === 'REFUNDING')
        return `the payment of ${world.names.of(orderId)} is ${status}`;
    for (const { status, orderId } of world.shipping.tables.shipments.rows.values())
      if (status === 'REQUESTED' || status === 'CLOSING' || status === 'VOIDING')
        return `the shipment of ${world.names.of(orderId)} is ${status}`;
    return undefined;
  }

  /** What holds when the world is at rest. */
  checkAtRest(): void {
    this.check();
    for (const facts of this.#allFacts()) {
      this.#checkKept(facts);
      this.#checkAnnouncements(facts.order, facts.name);
    }
    for (const orderId of this.customers.accepted.keys()) {
      if (!this.world.order.tables.orders.rows.has(orderId))
        this.world.fail('I3 orders', `${this.world.names.of(orderId)} was accepted and is not there.`);
    }
    for (const [orderId, answer] of this.customers.cancelled) {
      const status = this.world.order.tables.orders.rows.get(orderId)?.status;
      const isTooLate = GONE.has(status ?? '') && this.#isRefused(orderId);
      if (answer === 'cancelled' && status !== 'CANCELLED' && !isTooLate)
        this.world.fail('I6 cancelled', `${this.world.names.of(orderId)} was cancelled and is ${status}.`);
    }
    this.#checkMessages();
  }

  /** Whether an order's customer was told that it was too late to cancel. */
  #isRefused(orderId: string): boolean {
    const published = this.world.published.get('orders') ?? [];
    return published.some(
      ({ key, headers }) => key === orderId && headers['ce_type'] === 'order.cancellation-refused',
    );
  }

  #checkStock(): void {
    const { world } = this;
    const { stock, reservations } = world.inventory.tables;
    const reserved = new Map<string, number>();
    for (const { status, lines } of reservations.rows.values()) {
      if (status !== 'RESERVED') continue;
      for (const { productId, quantity } of lines)
        reserved.set(productId, (reserved.get(productId) ?? 0) + quantity);
    }
    for (const [product, kept] of stock.rows) {
      const says = `${product.slice(-2)}: ${JSON.stringify(kept)}`;
      if (kept.reserved < 0 || kept.onHand < kept.reserved)
        world.fail('I1 stock', `Negative stock of ${says}`);
      if (kept.onHand + kept.shipped !== this.#initialStock.get(product))
        world.fail('I1 stock', `Not ${this.#initialStock.get(product)} pieces as at the beginning, ${says}`);
      if (kept.reserved !== (reserved.get(product) ?? 0))
        world.fail('I1 stock', `Not ${reserved.get(product) ?? 0} pieces as in the reservations, ${says}`);
    }
  }

  *#allFacts(): Iterable<Facts> {
    const { names, gateway, carrier, order: service, inventory, payment } = this.world;
    for (const order of service.tables.orders.rows.values()) {
      const charges = [...gateway.charges.values()].filter(
        ({ orderId, decision }) => orderId === order.id && decision.approved,
      );
      yield {
        order,
        name: names.of(order.id),
        captures: charges.length,
        refunds: charges.filter(({ id }) => gateway.refunds.has(id)).length,
        isBeingRefunded: payment.tables.payments.rows.get(order.id)?.status === 'REFUNDING',
        hasReservation: inventory.tables.reservations.rows.get(order.id)?.status === 'RESERVED',
        hasLiveLabel: carrier.labels.get(order.id)?.live ?? false,
      };
    }
  }

  #checkMoney({ order, name, captures }: Facts): void {
    if (captures > 1) this.world.fail('I2 money', `${name} was charged ${captures} times.`);
    for (const { orderId, amount } of this.world.gateway.charges.values()) {
      if (orderId === order.id && amount !== order.total)
        this.world.fail('I2 money', `${name} costs ${order.total} and was charged ${amount}.`);
    }
  }

  /** What the status of an order says of money, label and stock. */
  #checkEnd({
    order: { status },
    name,
    captures,
    refunds,
    isBeingRefunded,
    hasLiveLabel,
    hasReservation,
  }: Facts): void {
    const net = captures - refunds;
    const { world } = this;
    if (status === 'CANCELLED' && (net > 0 || hasLiveLabel || hasReservation)) {
      const left = { net, hasLiveLabel, hasReservation };
      world.fail('I6 cancelled', `${name} is CANCELLED, and this is left of it: ${JSON.stringify(left)}`);
    }
    if ((status === 'REJECTED' || status === 'PAYMENT_FAILED') && hasLiveLabel)
      world.fail('I4 label', `${name} is ${status} and has a label.`);
    // What was paid by hand, or charged before it was given up, is on its way back.
    if (status === 'PAYMENT_FAILED' && net > 0 && !isBeingRefunded)
      world.fail('I2 money', `${name} is PAYMENT_FAILED and was charged.`);
    if ((status === 'FULFILMENT_FAILED' || status === 'REFUNDED') && hasLiveLabel)
      world.fail('I4 label', `${name} is ${status} and has a label.`);
    if (status === 'REFUNDED' && net > 0) world.fail('I2 money', `${name} is REFUNDED and still charged.`);
    if (GONE.has(status) && net !== 1) world.fail('I2 money', `${name} is ${status}, charged ${net} times.`);
    if (GONE.has(status) && !hasLiveLabel) world.fail('I4 label', `${name} is ${status} without a label.`);
    if (status === 'PAID' && net !== 1) world.fail('I2 money', `${name} is PAID, charged ${net} times.`);
  }

  #checkTimeline(order: OrderEntity, name: string): void {
    const timeline = this.world.order.tables.timelineOf(order.id);
    const fail = (detail: string): void => this.world.fail('I7 timeline', `${name}: ${detail}`);
    if (timeline.some(({ position }, index) => position !== index + 1)) fail('It has gaps.');
    if (timeline.length !== order.version) fail(`${timeline.length} entries in version ${order.version}.`);
    if (timeline.at(-1)?.status !== order.status) fail(`It ends with another status than ${order.status}.`);
    const messages = new Set(timeline.map(({ messageId }) => messageId));
    if (messages.size !== timeline.length) fail('A message was taken twice.');
    for (const [index, { status }] of timeline.entries()) {
      const previous = timeline[index - 1]?.status;
      if (previous === undefined ? status === 'PLACED' : status === previous) continue;
      if (previous === undefined || !ALLOWED_MOVES[previous]?.includes(status))
        fail(`From ${previous ?? 'nothing'} to ${status}.`);
    }
  }

  /** What is kept of an order when nothing more happens to it. */
  #checkKept({ order: { status }, name, captures, refunds, hasLiveLabel, hasReservation }: Facts): void {
    const gone = GONE.has(status);
    const { world } = this;
    if (hasReservation) world.fail('I1 stock', `${name} is ${status} and its stock still reserved.`);
    if (hasLiveLabel !== gone) world.fail('I4 label', `${name} is ${status}; live label: ${hasLiveLabel}.`);
    if (captures - refunds !== (gone ? 1 : 0))
      world.fail('I2 money', `${name} is ${status}, charged ${captures} times, refunded ${refunds} times.`);
  }

  /** Each time an order came to a status, that was announced once. */
  #checkAnnouncements(order: OrderEntity, name: string): void {
    const timeline = this.world.order.tables.timelineOf(order.id);
    const moves = timeline
      .map(({ status }, index) => ({ from: timeline[index - 1]?.status, to: status as string }))
      .filter(({ from, to }) => from !== to);
    const isRefusal = ({ from, to }: (typeof moves)[number]): boolean =>
      from === 'CANCELLING' && GONE.has(to);
    const came = new Set(moves.filter((move) => !isRefusal(move)).map(({ to }) => to));
    const ids = new Map<string, Set<string>>();
    for (const { key, headers } of this.world.published.get('orders') ?? []) {
      if (key !== order.id || isGarbage({ headers })) continue;
      const type = headers['ce_type'] as string;
      ids.set(type, (ids.get(type) ?? new Set()).add(headers['ce_id'] as string));
    }
    for (const [status, type] of Object.entries(ANNOUNCED)) {
      const expected = came.has(status) ? 1 : 0;
      const announced = ids.get(type)?.size ?? 0;
      if (announced !== expected)
        this.world.fail('I8 messages', `${name}: ${announced} messages ${type}, not ${expected}.`);
    }
    const refusals = ids.get('order.cancellation-refused')?.size ?? 0;
    if (refusals !== moves.filter(isRefusal).length)
      this.world.fail('I8 messages', `${name}: ${refusals} messages order.cancellation-refused.`);
  }

  /** Produced is handled: every message went out, and every consumer has claimed what it handles, and nothing else. */
  #checkMessages(): void {
    const { world } = this;
    const produced = new Set(world.services.flatMap(({ messaging }) => [...messaging.produced]));
    for (const [place, messages] of world.published) {
      if (place.endsWith('.dlt')) continue;
      for (const { key, headers } of messages) {
        if (isGarbage({ headers })) continue;
        const { ce_id: id, ce_type: type } = headers as { ce_id: string; ce_type: string };
        const message = `${type} ${world.names.of(key)} on ${place}`;
        if (!produced.has(id)) world.fail('I8 messages', `No service has sent ${message}.`);
        for (const service of world.services) {
          const takes =
            place === INVENTORY_EVENTS.name
              ? service.name === 'payment'
              : world.kafka.groups.get(service.name)?.topics.includes(place);
          if (takes && service.handled.has(type) && !service.messaging.isClaimed(service.name, id))
            world.fail('I8 messages', `${service.name} has never handled ${message}.`);
        }
      }
    }
    const published = new Set([...world.published.values()].flat().map(({ headers }) => headers['ce_id']));
    for (const { name, messaging } of world.services) {
      for (const id of messaging.produced) {
        // A dead letter is produced under the position of what was rejected.
        if (!id.startsWith('kafka ') && !published.has(id))
          world.fail('I8 messages', `${name} has sent a message that was never published.`);
      }
    }
  }
}
