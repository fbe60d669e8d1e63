import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningStack } from '@orderbridge/running-stack';
import { DESK_DATABASE, query } from '../invariants/evidence.js';
import { PARKED_TYPES } from '../invariants/invariants.js';
import { answered } from './answered.js';
import type { Accepted } from './shopping.js';

interface Parked {
  readonly id: string;
  readonly orderId: string;
  readonly type: string;
}

/** Milliseconds after which a request counts as lost, and before it is sent again; how often it is sent. */
const ANSWER_TIMEOUT = 5_000;
const PAUSE = 500;
const ATTEMPTS = 20;

/** Statuses in which customers may cancel an order. */
const CANCELLABLE: ReadonlySet<unknown> = new Set(['PLACED', 'RESERVED', 'PAID']);

/** Work items that wait for an operator. */
export const parkedItems = (stack: RunningStack): Promise<Parked[]> =>
  query<Parked>(
    stack,
    DESK_DATABASE,
    `SELECT id, order_id AS "orderId", type FROM letter
     WHERE state = 'OPEN' AND order_id IS NOT NULL AND type = ANY($1)`,
    [PARKED_TYPES],
  );

/**
 * What an operator does when partners are well again: cancels the orders whose work items are parked, which has to end,
 * and lets what is being undone already be tried again, or gives it up where that is never refunded.
 *
 * @returns what was refused.
 */
export async function settleParked(
  stack: RunningStack,
  accepted: ReadonlyMap<string, Accepted>,
): Promise<string[]> {
  const parked = await parkedItems(stack);
  const statuses = new Map(
    (
      await query<{ id: string; status: string }>(
        stack,
        'order',
        'SELECT id, status FROM orders WHERE id::text = ANY($1)',
        [parked.map(({ orderId }) => orderId)],
      )
    ).map(({ id, status }) => [id, status]),
  );
  const problems: string[] = [];
  for (const { id, orderId, type } of parked) {
    const isCancellable = CANCELLABLE.has(statuses.get(orderId));
    const order = accepted.get(orderId);
    const isHopeless = type === 'refund.requested' && order?.kind === 'never refunded';
    const body = isHopeless ? { reason: 'refunded by hand' } : {};
    const atDesk = `/dead-letters/${id}/${isHopeless ? 'give-up' : 'redrive'}`;
    const path = isCancellable ? `PUT /orders/${orderId}/cancel` : `POST ${atDesk}`;
    const status = await untilAnswered(() =>
      isCancellable
        ? stack.put('order', `/orders/${orderId}/cancel`, ANSWER_TIMEOUT)
        : stack.post('dead-letter-desk', atDesk, body, { 'x-operator': 'chaos' }, ANSWER_TIMEOUT),
    );
    if (isCancellable && order && order.cancelled !== 200 && (status === 200 || status === 409))
      order.cancelled = status;
    // 409: it has ended meanwhile.
    else if (status !== 200 && status !== 409) problems.push(`${path} answered ${status ?? 'nothing'}`);
  }
  return problems;
}

async function untilAnswered(
  request: () => Promise<{ readonly status: number }>,
): Promise<number | undefined> {
  let last: number | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    last = (await answered(request() as ReturnType<RunningStack['get']>, 2 * ANSWER_TIMEOUT))?.status;
    if (last !== undefined && last < 500) break;
    await sleep(PAUSE);
  }
  return last;
}
