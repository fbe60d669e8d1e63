import { orderStateReported } from '@orderbridge/contracts';
import { ALLOWED_MOVES, TERMINAL } from '../../simulator/allowed-moves.js';
import type { OrderKind } from '../load/order-kinds.js';
import type { Accepted } from '../load/shopping.js';
import { SERVICES, type Service } from '../plan/fault.js';
import { STRANGER } from '../load/poison-message.js';
import type { Evidence, OrderRow } from './evidence.js';
import type { Violation } from './violation.js';

/** Orders that keep their charge and their label. */
const KEPT = new Set(['SHIPPED', 'DELIVERED']);

/** What the services' own rows say of an order that keeps its charge and its label, and of one that ended otherwise. */
const OWN_ROWS = {
  payments: { kept: ['SUCCEEDED'], undone: ['FAILED', 'UNPAID', 'REFUNDED'] },
  shipments: { kept: ['BOOKED', 'DELIVERED'], undone: ['FAILED', 'CANCELLED', 'VOIDED'] },
  reservations: { kept: ['SHIPPED'], undone: ['REJECTED', 'RELEASED'] },
} as const;

/** How orders of a kind may end; all others, besides CANCELLED, only as they were ordered: they keep charge and label. */
const OTHER_ENDS: Readonly<Partial<Record<OrderKind, readonly string[]>>> = {
  'out of stock': ['REJECTED'],
  'paid by hand and out of stock': ['REJECTED'],
  declined: ['PAYMENT_FAILED'],
  'declined by hand': ['PAYMENT_FAILED', ...KEPT],
  'refused by the carrier': ['REFUNDED'],
  'refunded with difficulty': ['REFUNDED'],
  'never refunded': ['REFUNDED'],
  'poison at a partner': ['PAYMENT_FAILED', 'REFUNDED', ...KEPT],
};

/** Dead letters by which a service asks a person about one item of its own. */
export const PARKED_TYPES: readonly string[] = [
  'charge.requested',
  'booking.requested',
  'refund.requested',
  'void.requested',
];
const REFUSED = 'order.cancellation-refused';

/** What has happened to the system that evidence is of. */
export interface Circumstances {
  /** Topics were deleted, or databases restored, with messages that were handled. */
  readonly messagesWereLost: boolean;
  /** Databases that were restored to an older copy, and so forgot what others know. */
  readonly restored: ReadonlySet<Service>;
}

const NOTHING_SPECIAL: Circumstances = { messagesWereLost: false, restored: new Set() };

/** Most violations that are told of one invariant. */
const TOLD = 5;

class Findings {
  readonly #byInvariant = new Map<string, string[]>();

  expect(holds: boolean, invariant: string, finding: () => string): void {
    if (holds) return;
    const findings = this.#byInvariant.get(invariant) ?? [];
    findings.push(finding());
    this.#byInvariant.set(invariant, findings);
  }

  told(): Violation[] {
    return [...this.#byInvariant].flatMap(([invariant, findings]) => [
      ...findings.slice(0, TOLD).map((finding) => `${invariant}: ${finding}`),
      ...(findings.length > TOLD ? [`${invariant}: and ${findings.length - TOLD} more`] : []),
    ]);
  }
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

/**
 * Judges a quiet system by the invariants I1 to I8 and I11 to I14 (for I9 see `Responses`, for I10 `emptiness`).
 *
 * @param accepted every order that was answered with 201.
 * @param initial pieces of each product before the first order.
 */
export function violationsOf(
  evidence: Evidence,
  accepted: ReadonlyMap<string, Accepted>,
  initial: ReadonlyMap<string, number>,
  circumstances: Circumstances = NOTHING_SPECIAL,
): Violation[] {
  const findings = new Findings();
  const orders = new Map(evidence.orders.map((order) => [order.id, order]));
  const timelines = groupBy(evidence.timeline, ({ orderId }) => orderId);
  const story = (id: string): string => {
    const order = orders.get(id);
    const steps = timelines.get(id)?.map(({ cause, status }) => `${cause}→${status}`) ?? [];
    return `order ${id} (${accepted.get(id)?.kind ?? 'not accepted'}, ${order?.status ?? 'unknown'}: ${steps.join(', ')})`;
  };

  stockIsRight(evidence, initial, findings);
  moneyIsRight(evidence, orders, accepted, circumstances, findings, story);

  // What order has forgotten may be placed again with the same key.
  const ordersAreKnown = !circumstances.restored.has('order');
  if (ordersAreKnown) {
    for (const id of accepted.keys())
      findings.expect(orders.has(id), 'I3', () => `${id} was accepted and does not exist`);
    for (const id of orders.keys())
      findings.expect(accepted.has(id), 'I3', () => `${story(id)} exists and was not accepted`);
  }

  const live = groupBy(
    evidence.labels.filter(({ status }) => status !== 'VOIDED'),
    ({ orderId }) => orderId,
  );
  const parked = parkedOrders(evidence);
  for (const { id, status } of evidence.orders) {
    const labels = live.get(id)?.length ?? 0;
    // A cancelled order with a label is I6, too.
    const invariant = status === 'CANCELLED' ? 'I4, I6' : 'I4';
    findings.expect(
      labels === (KEPT.has(status) ? 1 : 0),
      invariant,
      () => `${labels} live labels of ${story(id)}`,
    );
  }
  const left = circumstances.restored.has('order') ? leftAndParked(evidence) : new Set();
  for (const id of live.keys())
    findings.expect(orders.has(id) || left.has(id), 'I4', () => `a live label of ${id}, which is no order`);

  for (const { id, status } of evidence.orders)
    findings.expect(
      TERMINAL.has(status) || parked.has(id),
      'I5',
      () => `${story(id)} has not come to an end`,
    );

  const holding = new Set(
    evidence.reservations.filter(({ status }) => status === 'RESERVED').map(({ orderId }) => orderId),
  );
  for (const { id, status } of evidence.orders) {
    if (status === 'CANCELLED')
      findings.expect(!holding.has(id), 'I6', () => `${story(id)} still holds stock`);
  }
  const refused = new Set(evidence.messages.filter(({ type }) => type === REFUSED).map(({ key }) => key));
  for (const [id, { cancelled }] of accepted) {
    // What order has forgotten of a cancellation, nobody can know.
    if (cancelled !== 200 || !ordersAreKnown) continue;
    const status = orders.get(id)?.status ?? '';
    findings.expect(
      status === 'CANCELLED' || parked.has(id) || (KEPT.has(status) && refused.has(id)),
      'I6',
      () => `${story(id)} was cancelled with 200, and nobody was told that it is too late`,
    );
  }
  for (const id of refused) {
    const status = orders.get(id)?.status ?? '';
    findings.expect(KEPT.has(status), 'I6', () => `the cancellation of ${story(id)} was refused`);
  }

  for (const order of evidence.orders)
    transitionsAreAllowed(order, timelines.get(order.id) ?? [], findings, story);
  messagesAreSettled(evidence, circumstances, findings);
  ownRowsAgree(evidence, orders, findings, story);
  textArrived(evidence, accepted, findings, story);
  if (circumstances.restored.size > 0) return findings.told();
  onlyPoisonIsDead(evidence, findings);
  endsAreMeant(evidence, accepted, findings, story);
  return findings.told();
}

/** I11: what the services have written down of an order agrees with its end. */
function ownRowsAgree(
  evidence: Evidence,
  orders: ReadonlyMap<string, OrderRow>,
  findings: Findings,
  story: (id: string) => string,
): void {
  for (const table of ['payments', 'shipments', 'reservations'] as const) {
    const rows = new Map(evidence[table].map(({ orderId, status }) => [orderId, status]));
    for (const { id, status } of orders.values()) {
      const isKept = KEPT.has(status);
      if (!isKept && !TERMINAL.has(status)) continue;
      const row = rows.get(id);
      const right: readonly string[] = isKept ? OWN_ROWS[table].kept : OWN_ROWS[table].undone;
      findings.expect(
        row === undefined ? !isKept : right.includes(row),
        'I11',
        () => `${table} has ${row ?? 'nothing'} of ${story(id)}`,
      );
    }
  }
}

/** I12: the carrier has read the address as the order shows it. */
function textArrived(
  { labels }: Evidence,
  accepted: ReadonlyMap<string, Accepted>,
  findings: Findings,
  story: (id: string) => string,
): void {
  for (const { orderId, recipient } of labels) {
    const shipTo = accepted.get(orderId)?.shipTo;
    for (const [field, text] of Object.entries(shipTo ?? {}))
      findings.expect(
        recipient[field] === text,
        'I12',
        () =>
          `${field} is ${JSON.stringify(recipient[field])} instead of ${JSON.stringify(text)}, ${story(orderId)}`,
      );
  }
}

/** I14: nothing is believed that was not said: an order fails only when who decides about it has said so. */
function endsAreMeant(
  { orders }: Evidence,
  accepted: ReadonlyMap<string, Accepted>,
  findings: Findings,
  story: (id: string) => string,
): void {
  for (const { id, status } of orders) {
    const kind = accepted.get(id)?.kind;
    if (!kind || status === 'CANCELLED' || !TERMINAL.has(status)) continue;
    const isMeant = OTHER_ENDS[kind]?.includes(status) ?? KEPT.has(status);
    findings.expect(isMeant, 'I14', () => `nobody has said so: ${story(id)}`);
  }
}

/** I13: a message that can be handled is no dead letter, whatever happens to stores, brokers and processes. */
function onlyPoisonIsDead({ messages }: Evidence, findings: Findings): void {
  for (const { id, type, place, source, dead } of messages) {
    // What has no id is a stranger's.
    if (!dead || id === '' || source === STRANGER || PARKED_TYPES.includes(type)) continue;
    findings.expect(false, 'I13', () => `${type} ${id} is a dead letter on ${place}: ${dead.reason}`);
  }
}

function stockIsRight(
  { stock, held }: Evidence,
  initial: ReadonlyMap<string, number>,
  findings: Findings,
): void {
  for (const { productId, onHand, reserved, shipped } of stock) {
    // What is reserved is still on hand.
    const [free, start] = [onHand - reserved, initial.get(productId) ?? 0];
    const seen = `of ${productId}: free ${free}, reserved ${reserved}, shipped ${shipped}, initially ${start}`;
    findings.expect(free + reserved + shipped === start, 'I1', () => `the sum is wrong ${seen}`);
    findings.expect(free >= 0 && reserved >= 0 && shipped >= 0, 'I1', () => `negative stock ${seen}`);
    const reservations = held.get(productId) ?? 0;
    findings.expect(reserved === reservations, 'I1', () => `reservations hold ${reservations} ${seen}`);
  }
}

/** Parcels that were delivered, whatever is known of their orders: a person has been asked to decide about them. */
function leftAndParked({ shipments, letters }: Evidence): Set<string> {
  const asked = new Set(
    letters.filter(({ type }) => type === orderStateReported.type).map(({ orderId }) => orderId),
  );
  const delivered = shipments.filter(({ status }) => status === 'DELIVERED').map(({ orderId }) => orderId);
  return new Set(delivered.filter((id) => asked.has(id)));
}

function moneyIsRight(
  evidence: Evidence,
  orders: ReadonlyMap<string, OrderRow>,
  accepted: ReadonlyMap<string, Accepted>,
  { restored }: Circumstances,
  findings: Findings,
  story: (id: string) => string,
): void {
  const { charges, refunds } = evidence;
  const left = restored.has('order') ? leftAndParked(evidence) : new Set();
  const captures = groupBy(
    charges.filter(({ status }) => status === 'succeeded'),
    ({ reference }) => reference,
  );
  const returned = groupBy(refunds, ({ reference }) => reference);
  const sum = (amounts: readonly { amount: number }[] = []): number =>
    amounts.reduce((total, { amount }) => total + amount, 0);
  for (const [id, captured] of captures) {
    if (orders.has(id) || left.has(id)) continue;
    const isByHand = accepted.get(id)?.kind === 'never refunded';
    const isReturned = restored.has('order') && (isByHand || sum(captured) === sum(returned.get(id)));
    findings.expect(isReturned, 'I2', () => `a charge of ${id}, which is no order`);
  }
  for (const { id, status, total } of orders.values()) {
    const [captured, refunded] = [captures.get(id), returned.get(id)];
    findings.expect((captured?.length ?? 0) <= 1, 'I2', () => `${captured?.length} captures of ${story(id)}`);
    const [net, due] = [sum(captured) - sum(refunded), KEPT.has(status) ? total : 0];
    // An operator has given it back without the gateway.
    if (accepted.get(id)?.kind === 'never refunded' && net === total) continue;
    // A cancelled order with money is I6, too.
    const invariant = status === 'CANCELLED' ? 'I2, I6' : 'I2';
    findings.expect(net === due, invariant, () => `net ${net} instead of ${due} of ${story(id)}`);
  }
}

function transitionsAreAllowed(
  { id, status, version }: OrderRow,
  timeline: readonly { position: number; status: string }[],
  findings: Findings,
  story: (id: string) => string,
): void {
  const isComplete =
    timeline.length === version && timeline.every(({ position }, index) => position === index + 1);
  findings.expect(isComplete, 'I7', () => `a gap in the timeline of ${story(id)}`);
  findings.expect(timeline[0]?.status === 'PLACED', 'I7', () => `${story(id)} does not begin with PLACED`);
  findings.expect(
    timeline.at(-1)?.status === status,
    'I7',
    () => `the timeline does not end as ${story(id)}`,
  );
  for (const [index, step] of timeline.entries()) {
    const before = timeline[index - 1]?.status ?? step.status;
    const isAllowed = before === step.status || (ALLOWED_MOVES[before] ?? []).includes(step.status);
    findings.expect(isAllowed, 'I7', () => `${before} → ${step.status} of ${story(id)}`);
  }
}

/** Orders that wait for an operator: a dead letter of theirs with a reason is open at the desk. */
function parkedOrders({ letters }: Evidence): Set<string> {
  return new Set(
    letters
      .filter(({ state, reason }) => state === 'OPEN' && reason !== '')
      .flatMap(({ orderId }) => orderId ?? []),
  );
}

/**
 * I8: nothing is left to send, and what was sent has either been handled or is a dead letter, on whichever broker, which
 * the desk knows.
 */
function messagesAreSettled(
  { outboxes, inboxes, messages, timeline, letters: atDesk }: Evidence,
  { messagesWereLost, restored }: Circumstances,
  findings: Findings,
): void {
  for (const [owner, count] of outboxes)
    findings.expect(count === 0, 'I8', () => `${count} messages in the outbox of ${owner}`);
  const desk = new Set(atDesk.map(({ eventId, consumer }) => `${eventId} ${consumer}`));
  // Given up, a parked call goes to its consumer, too, with the decision.
  const redriven = new Set(
    atDesk
      .filter(({ state }) => state === 'REDRIVEN' || state === 'GIVEN_UP')
      .map(({ eventId, consumer }) => `${eventId} ${consumer}`),
  );
  const produced = messages.filter(({ dead }) => !dead);
  const ids = new Set(produced.map(({ id }) => id));
  for (const service of SERVICES) {
    const inbox = inboxes.get(service) ?? new Set();
    const letters = messages.filter(({ dead }) => dead?.consumer === service);
    const dead = new Set(letters.map(({ id }) => id));
    // A service handles all messages of a type or none.
    const types = new Set(produced.filter(({ id }) => inbox.has(id)).map(({ type }) => type));
    for (const { id, type, place } of produced) {
      // It has handled it, and forgotten that.
      if (restored.has(service)) break;
      if (!types.has(type) || inbox.has(id) || dead.has(id)) continue;
      findings.expect(false, 'I8', () => `${service} has not handled ${type} ${id} of ${place}`);
    }
    for (const { id, type, place } of letters) {
      // What a stranger put there has no id of ours.
      if (id === '') continue;
      findings.expect(
        !inbox.has(id) || redriven.has(`${id} ${service}`),
        'I8',
        () => `${service} has handled ${type} ${id}, a letter of ${place}`,
      );
    }
    for (const { id, type, place } of letters) {
      const isKnown = desk.has(`${id} ${service}`);
      findings.expect(
        isKnown || id === '',
        'I8',
        () => `the desk lacks ${type} ${id} of ${place} for ${service}`,
      );
    }
    for (const id of inbox)
      findings.expect(
        messagesWereLost || ids.has(id),
        'I8',
        () => `${service} has handled ${id}, which lies nowhere`,
      );
  }
  for (const { messageId, cause, orderId } of timeline)
    findings.expect(
      messagesWereLost || ids.has(messageId),
      'I8',
      () => `${cause} ${messageId} of order ${orderId} lies nowhere`,
    );
}
