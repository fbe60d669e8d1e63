import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningStack } from '@orderbridge/running-stack';
import { TERMINAL } from '../../simulator/allowed-moves.js';
import { DESK_DATABASE, query } from '../invariants/evidence.js';
import { PARKED_TYPES } from '../invariants/invariants.js';
import { answered } from '../load/answered.js';
import { goodOrder, poisonOrder, type OrderForm } from '../load/order-kinds.js';
import { Random } from '../plan/random.js';
import { judge, percentile, SETTLED, type Seen } from './judge.js';

export interface Sizes {
  readonly good: number;
  readonly poison: number;
  /** Good orders per second. */
  readonly rate: number;
  readonly seed: number;
}

/** Milliseconds within which a request is answered, orders are shipped or parked, and cancelled ones have ended. */
const ANSWER_TIMEOUT = 10_000;
const END_TIMEOUT = 180_000;
const INTERVAL = 500;
/** Orders before those that are measured. */
const WARM_UP = 100;

/** Statuses after which the customer waits for nothing more than the van. */
const ENDS = [...TERMINAL, 'SHIPPED'];

/** Places the orders, and resolves with what was seen and which part of the bar was missed. */
export async function measure(
  stack: RunningStack,
  { good, poison, rate, seed }: Sizes,
  say: (line: string) => void,
): Promise<{ figures: string[]; misses: string[] }> {
  const random = new Random(seed);
  const goods = (count: number): OrderForm[] => Array.from({ length: count }, () => goodOrder(random));
  say(`Warming up with ${WARM_UP} orders …`);
  await ended(stack, await place(stack, goods(WARM_UP), rate));

  say(`${good} good orders, ${rate} per second …`);
  const without = await place(stack, goods(good), rate);
  await ended(stack, without);

  say(`${good} good orders, ${rate} per second, with ${poison} that hurt themselves among them …`);
  const forms = goods(good);
  for (let index = 0; index < poison; index++)
    forms.splice(Math.floor((index * forms.length) / poison), 0, poisonOrder(random));
  const mixed = await place(stack, forms, (rate * (good + poison)) / good);
  const isGood = (_: unknown, index: number): boolean => forms[index]?.kind === 'good';
  const withPoison = mixed.filter(isGood);
  const poisoned = mixed.filter((_, index) => !isGood(_, index));
  await ended(stack, withPoison);
  await ended(stack, poisoned);
  const settledAfter = await secondsUntilSettled(stack, poisoned);
  for (const [id, seconds] of settledAfter)
    if (!(seconds !== undefined && seconds <= SETTLED)) say(await storyOf(stack, id));

  say(`Cancelling the ${poisoned.length} …`);
  const cancelled = new Map<string, number | undefined>();
  for (const id of poisoned)
    cancelled.set(
      id,
      (await answered(stack.put('order', `/orders/${id}/cancel`, ANSWER_TIMEOUT), ANSWER_TIMEOUT))?.status,
    );
  await ended(stack, poisoned, false);
  const seen: Seen = {
    without: await secondsUntilShipped(stack, without),
    withPoison: await secondsUntilShipped(stack, withPoison),
    settledAfter,
    cancelled,
    endedAs: await statusesOf(stack, poisoned),
  };
  return { figures: figuresOf(seen), misses: judge(seen) };
}

function figuresOf({ without, withPoison, settledAfter, endedAs }: Seen): string[] {
  const line = (name: string, seconds: readonly (number | undefined)[]): string =>
    `${name}: p50 ${percentile(seconds, 0.5).toFixed(2)} s, p95 ${percentile(seconds, 0.95).toFixed(2)} s, ` +
    `p99 ${percentile(seconds, 0.99).toFixed(2)} s, longest ${percentile(seconds, 1).toFixed(2)} s`;
  const ends = new Map<string, number>();
  for (const status of endedAs.values()) ends.set(status, (ends.get(status) ?? 0) + 1);
  return [
    line(`${without.length} good orders, placed to shipped, without poison`, without),
    line(`${withPoison.length} good orders, placed to shipped, with poison`, withPoison),
    line(`${settledAfter.size} poison orders, placed to ended or parked`, [...settledAfter.values()]),
    `poison orders in the end: ${[...ends].map(([status, count]) => `${status} ${count}`).join(', ')}`,
  ];
}

/** Resolves with the orders' ids. @throws Error when one is not accepted. */
async function place(stack: RunningStack, forms: readonly OrderForm[], rate: number): Promise<string[]> {
  const begun = performance.now();
  const asked: Promise<string>[] = [];
  for (const [index, { body }] of forms.entries()) {
    const due = begun + (index * 1_000) / rate;
    await sleep(Math.max(0, due - performance.now()));
    asked.push(
      stack.post('order', '/orders', body, {}, ANSWER_TIMEOUT).then((answer) => {
        if (answer.status === 201) return answer.body.orderId as string;
        throw new Error(`POST /orders answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      }),
    );
  }
  return Promise.all(asked);
}

/** Resolves when orders are at their ends, or parked where they may be, or it has taken too long. */
async function ended(stack: RunningStack, ids: readonly string[], mayBeParked = true): Promise<void> {
  for (const end = performance.now() + END_TIMEOUT; performance.now() < end; await sleep(INTERVAL)) {
    const [open] = await query<{ count: number }>(
      stack,
      'order',
      'SELECT count(*)::int AS count FROM orders WHERE id::text = ANY($1) AND status <> ALL($2) AND id::text <> ALL($3)',
      [ids, ENDS, mayBeParked ? [...(await parkedAt(stack, ids)).keys()] : []],
    );
    if (open?.count === 0) return;
  }
}

/** When the first work item of an order was parked. */
async function parkedAt(stack: RunningStack, ids: readonly string[]): Promise<Map<string, Date>> {
  const rows = await query<{ id: string; at: Date }>(
    stack,
    DESK_DATABASE,
    `SELECT order_id AS id, min(raised_at) AS at FROM letter
     WHERE order_id::text = ANY($1) AND type = ANY($2) GROUP BY 1`,
    [ids, PARKED_TYPES],
  );
  return new Map(rows.map(({ id, at }) => [id, at]));
}

/** When orders came to one of some statuses first. */
async function reachedAt(
  stack: RunningStack,
  ids: readonly string[],
  statuses: readonly string[],
): Promise<Map<string, Date>> {
  const rows = await query<{ id: string; at: Date }>(
    stack,
    'order',
    `SELECT order_id AS id, min(recorded_at) AS at FROM order_timeline
     WHERE order_id::text = ANY($1) AND status = ANY($2) GROUP BY 1`,
    [ids, statuses],
  );
  return new Map(rows.map(({ id, at }) => [id, at]));
}

const secondsBetween = (from: Date | undefined, to: Date | undefined): number | undefined =>
  from && to && (to.getTime() - from.getTime()) / 1_000;

async function secondsUntilShipped(
  stack: RunningStack,
  ids: readonly string[],
): Promise<(number | undefined)[]> {
  const [placed, shipped] = [
    await reachedAt(stack, ids, ['PLACED']),
    await reachedAt(stack, ids, ['SHIPPED']),
  ];
  return ids.map((id) => secondsBetween(placed.get(id), shipped.get(id)));
}

async function secondsUntilSettled(
  stack: RunningStack,
  ids: readonly string[],
): Promise<Map<string, number | undefined>> {
  const placed = await reachedAt(stack, ids, ['PLACED']);
  const [atEnd, parked] = [await reachedAt(stack, ids, ENDS), await parkedAt(stack, ids)];
  return new Map(
    ids.map((id) => {
      // What is parked may be ended by its deadline afterwards.
      const settled = [atEnd.get(id), parked.get(id)].flatMap((at) => at ?? []);
      const first = settled.toSorted((one, other) => one.getTime() - other.getTime())[0];
      return [id, secondsBetween(placed.get(id), first)];
    }),
  );
}

/** What happened to an order, for whoever asks why it took so long. */
async function storyOf(stack: RunningStack, id: string): Promise<string> {
  const steps = await query<{ at: Date; cause: string; status: string; detail: string | null }>(
    stack,
    'order',
    `SELECT recorded_at AS at, cause, status, detail FROM order_timeline
     WHERE order_id::text = $1 ORDER BY position`,
    [id],
  );
  const lines = steps.map(
    ({ at, cause, status, detail }) => `  ${at.toISOString()} ${status} ${cause} ${detail ?? ''}`,
  );
  return [`${id} took longer than ${SETTLED} s:`, ...lines].join('\n');
}

async function statusesOf(stack: RunningStack, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await query<{ id: string; status: string }>(
    stack,
    'order',
    'SELECT id, status FROM orders WHERE id::text = ANY($1)',
    [ids],
  );
  return new Map(rows.map(({ id, status }) => [id, status]));
}
