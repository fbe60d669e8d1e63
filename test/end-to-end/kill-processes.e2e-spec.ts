import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import {
  FINAL_STATUSES,
  partnersBooks,
  RunningStack,
  until,
  type ServiceName,
} from '@orderbridge/running-stack';

const USER = '44444444-4444-4444-4444-444444444444';
const LAMP = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa';
const SOLD_OUT = 'dddddddd-dddd-dddd-dddd-dddddddddddd';
const UNKNOWN_PLACE = {
  name: 'Ada Example',
  street: '1 Market Street',
  postalCode: '00000',
  city: 'Nowhere',
  country: 'DE',
};
const SERVICES: ServiceName[] = [
  'order',
  'inventory',
  'payment',
  'shipping',
  'carrier-mock',
  'payment-gateway-mock',
];
const VICTIMS = [...SERVICES, 'postgres', 'kafka', 'mq'];

/** Milliseconds between two orders, and orders before each kill. */
const PACE = 40;
const BEFORE_KILL = 20;

/** Too late to cancel: the parcel is on its way, or there. */
const ON_ITS_WAY = new Set(['SHIPPED', 'DELIVERED']);

jest.setTimeout(480_000);

describe('kill -9 of each service, the database and each broker in turn, while orders flow', () => {
  let stack: RunningStack;

  beforeAll(async () => {
    stack = await RunningStack.create(2_000, { DELIVERY_AFTER_MS: '20000' });
    await stack.start();
  });

  afterAll(() => stack.remove());

  /** An order that was accepted, and how it must end. */
  const accepted = new Map<string, string>();
  let placed = 0;

  /** Cancels an order until it is answered, and says how the order must end. */
  const cancel = async (orderId: string): Promise<string> => {
    for (;;) {
      const answer = await stack.put('order', `/orders/${orderId}/cancel`).catch(() => undefined);
      if (answer?.status === 200) return 'CANCELLED';
      if (answer?.status === 409 && ON_ITS_WAY.has(answer.body.orderStatus)) return 'DELIVERED';
      if (answer?.status === 409) return answer.body.orderStatus as string;
      await sleep(100);
    }
  };

  /** Sends an order with an idempotency key until it is answered, as a storefront would that loses its connection. */
  const place = async (signal: AbortSignal): Promise<void> => {
    const number = placed++;
    const [order, end] =
      number % 10 === 3
        ? [{ items: { [SOLD_OUT]: 1 } }, 'REJECTED']
        : number % 10 === 7
          ? [{ items: { [LAMP]: 1 }, paymentToken: 'tok_decline' }, 'PAYMENT_FAILED']
          : number % 10 === 9
            ? [{ items: { [LAMP]: 1 }, shipTo: UNKNOWN_PLACE }, 'REFUNDED']
            : [{ items: { [LAMP]: 1 } }, 'DELIVERED'];
    while (!signal.aborted) {
      const answer = await stack
        .post('order', '/orders', { userId: USER, ...order }, { 'idempotency-key': `order-${number}` })
        .catch(() => undefined);
      if (answer?.status === 201) {
        const orderId = answer.body.orderId as string;
        accepted.set(orderId, number % 10 === 5 ? await cancel(orderId) : end);
        return;
      }
      await sleep(100);
    }
  };

  test('every accepted order comes to its proper end, once', async () => {
    const stopping = new AbortController();
    const placing = new Set<Promise<void>>();
    const flow = (async () => {
      while (!stopping.signal.aborted) {
        const one = place(stopping.signal).finally(() => placing.delete(one));
        placing.add(one);
        await sleep(PACE);
      }
    })();

    for (const victim of VICTIMS) {
      const before = accepted.size;
      await until(
        () => accepted.size,
        (size) => size >= before + BEFORE_KILL,
      );
      const pid = await stack.pid(victim);
      await stack.kill(victim);
      await until(
        () => stack.pid(victim),
        (now) => now !== pid,
      );
      await until(
        () => stack.output,
        (output) => output.includes(`${victim} is ready again`),
      );
      for (const service of SERVICES) {
        await until(
          () => stack.get(service, '/health/ready').catch(() => undefined),
          (answer) => answer?.status === 200,
        );
      }
    }
    const before = accepted.size;
    await until(
      () => accepted.size,
      (size) => size >= before + BEFORE_KILL,
    );
    stopping.abort();
    await flow;
    await Promise.all(placing);

    const ends = new Map<string, string>();
    for (const [orderId] of accepted) {
      const { body } = await until(
        () => stack.get('order', `/orders/${orderId}`),
        (answer) => answer.body.status !== 'SHIPPED' && FINAL_STATUSES.includes(answer.body.status),
      );
      ends.set(orderId, body.status as string);
    }
    expect(ends).toEqual(accepted);

    // No order but the accepted ones: an idempotency key makes none twice.
    const stored: string[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await stack.get(
        'order',
        `/orders/user/${USER}?limit=100${cursor ? `&cursor=${cursor}` : ''}`,
      );
      stored.push(...body.orders.map(({ orderId }: { orderId: string }) => orderId));
      cursor = body.nextCursor as string | undefined;
    } while (cursor);
    expect(new Set(stored)).toEqual(new Set(accepted.keys()));

    // By the partners' own books: one charge and one label for each shipped order; of others no money, and no label.
    const shipped = [...accepted].filter(([, end]) => end === 'DELIVERED').map(([orderId]) => orderId);
    const { charges, refunds, shipments } = await partnersBooks(stack);
    const captured = charges.filter(({ status }) => status === 'succeeded').map(({ reference }) => reference);
    const refunded = refunds.map(({ reference }) => reference);
    expect(new Set(captured).size).toBe(captured.length);
    expect(new Set(refunded).size).toBe(refunded.length);
    expect(captured.filter((orderId) => !refunded.includes(orderId)).toSorted()).toEqual(shipped.toSorted());
    const labelled = shipments.filter(({ status }) => status === 'BOOKED').map(({ orderId }) => orderId);
    expect(labelled.toSorted()).toEqual(shipped.toSorted());

    // The stock is right: what has shipped is gone, and nothing is held for orders that failed.
    const { body: stock } = await until(
      () => stack.get('inventory', `/inventory/${LAMP}`),
      ({ body }) => body.shipped === shipped.length && body.reserved === 0,
    );
    expect(stock).toMatchObject({ onHand: 1_000_000 - shipped.length });
  });
});
