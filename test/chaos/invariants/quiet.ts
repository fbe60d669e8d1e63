import { setTimeout as sleep } from 'node:timers/promises';
import { FINAL_STATUSES, type RunningStack } from '@orderbridge/running-stack';
import { SERVICES } from '../plan/fault.js';
import { parkedItems } from '../load/settle-parked.js';
import { DESK_DATABASE, kafkaLag, outboxDepth, query } from './evidence.js';

/** What is shipped is on its way still: its delivery follows. */
const ENDS = FINAL_STATUSES.filter((status) => status !== 'SHIPPED');

/** What services still have to do, by its status. */
const OPEN = [
  ['payment', 'payment', ['PENDING', 'REFUNDING']],
  ['shipping', 'shipment', ['REQUESTED', 'VOIDING']],
  ['inventory', 'reservation', ['RESERVED']],
] as const;

/**
 * Milliseconds after which the system has to be quiet: a partner that was unavailable is asked again after a minute at
 * most, and an order whose message was lost is nudged after one, and ends or is cancelled after two.
 */
export const QUIET_TIMEOUT = 240_000;
const LOOK_INTERVAL = 250;
const QUIET_LOOKS = 2;

/**
 * Resolves when nothing is under way any more; with what still is when that takes too long.
 *
 * @param poison ids of messages that have to lie at the dead-letter desk in the end.
 * @param mayWait whether orders with an open dead letter may stay as they are.
 */
export async function untilQuiet(
  stack: RunningStack,
  poison: ReadonlySet<string> = new Set(),
  mayWait = true,
): Promise<string | undefined> {
  const end = performance.now() + QUIET_TIMEOUT;
  // What is looked at last may have left something where was looked before.
  for (let quietLooks = 0; ;) {
    const unrest = await unrestOf(stack, poison, mayWait).catch(
      (error: unknown) => `cannot look: ${String(error)}`,
    );
    quietLooks = unrest === undefined ? quietLooks + 1 : 0;
    if (quietLooks === QUIET_LOOKS || performance.now() > end) return unrest;
    await sleep(LOOK_INTERVAL);
  }
}

async function unrestOf(
  stack: RunningStack,
  poison: ReadonlySet<string>,
  mayWait: boolean,
): Promise<string | undefined> {
  // What an operator has to decide waits for as long as that takes.
  const parked = mayWait ? (await parkedItems(stack)).map(({ orderId }) => orderId) : [];
  const underWay = await query<{ status: string; count: number }>(
    stack,
    'order',
    `SELECT status, count(*)::int AS count FROM orders
     WHERE status <> ALL($1) AND id::text <> ALL($2) GROUP BY status`,
    [ENDS, parked],
  );
  if (underWay.length > 0)
    return `orders are ${underWay.map(({ status, count }) => `${status} (${count})`).join(', ')}`;
  for (const database of [...SERVICES, DESK_DATABASE] as const) {
    const count = await outboxDepth(stack, database);
    if (count > 0) return `${count} messages in the outbox of ${database}`;
  }
  for (const [database, table, statuses] of OPEN) {
    const [open] = await query<{ status: string; count: number }>(
      stack,
      database,
      `SELECT status, count(*)::int AS count FROM ${table}
       WHERE status = ANY($1) AND order_id::text <> ALL($2) GROUP BY status`,
      [statuses, parked],
    );
    if (open) return `${open.count} of ${table} are ${open.status}`;
  }
  const lag = await kafkaLag(stack);
  if (lag > 0) return `${lag} messages not taken from Kafka`;
  return unrestAtDesk(stack, poison);
}

/** What was sent again is poison still, so that it comes back. */
async function unrestAtDesk(stack: RunningStack, poison: ReadonlySet<string>): Promise<string | undefined> {
  const letters = await query<{ eventId: string; state: string }>(
    stack,
    DESK_DATABASE,
    'SELECT event_id AS "eventId", state FROM letter WHERE event_id = ANY($1)',
    [[...poison]],
  );
  const moving = letters.filter(({ state }) => state === 'REDRIVING' || state === 'DISCARDING');
  if (moving.length > 0) return `${moving.length} dead letters are ${moving[0]?.state}`;
  const left = new Set(poison);
  for (const { eventId, state } of letters)
    if (state === 'OPEN' || state === 'DISCARDED') left.delete(eventId);
  const [one] = left;
  return one && `${left.size} messages that nobody can handle are not at the desk, among them ${one}`;
}
