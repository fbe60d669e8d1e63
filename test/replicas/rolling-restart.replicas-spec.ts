import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { RunningStack, until, type ServiceName } from '@orderbridge/running-stack';
import kafkajs, { type Producer } from 'kafkajs';
import { MqClient } from '../../libs/embedded-mq/test-support/mq-client.js';
import { DESK_DATABASE, gather, query } from '../chaos/invariants/evidence.js';
import { violationsOf } from '../chaos/invariants/invariants.js';
import { untilQuiet } from '../chaos/invariants/quiet.js';
import { settleParked } from '../chaos/load/settle-parked.js';
import { Shopping } from '../chaos/load/shopping.js';
import { Random } from '../chaos/plan/random.js';
import { Front } from './front.js';
import { leadsIn, overlapping } from './leads.js';
import { Replica } from './replica.js';

const SERVICES: ServiceName[] = ['order', 'inventory', 'payment', 'shipping', 'dead-letter-desk'];
/** From the port of a service, where its front is, to those of its replicas. */
const REPLICAS = [20, 40];
const QUEUE = 'INVENTORY.EVENTS';
const LAMP = 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa';

/** Orders per second, and orders between two restarts. */
const RATE = 10;
const BETWEEN = 5;
/** Milliseconds between two looks of a reader at each of the services. */
const READ_INTERVAL = 250;
/** Milliseconds within which every request is answered, once nothing is restarted any more. */
const ANSWER_TIMEOUT = 60_000;

jest.setTimeout(900_000);

/** Two processes of each service start at once on empty databases, and never is there another number of them for long. */
describe('two replicas of each service, restarted one by one while orders flow', () => {
  let stack: RunningStack;
  let producer: Producer;
  let foreign: MqClient;
  const replicas: Replica[] = [];
  const fronts = new Map<ServiceName, Front>();
  /** Messages that nobody can take, on either broker. */
  let poisoned = 0;

  beforeAll(async () => {
    const environment = { DELIVERY_AFTER_MS: '8000', DELIVERY_POLL_MS: '1000', SHUTDOWN_DRAIN_MS: '4000' };
    stack = await RunningStack.create(2_500, environment, SERVICES);
    await stack.start();
    for (const service of SERVICES) {
      const port = Number(new URL(stack.url(service)).port);
      const own = REPLICAS.map((distance) => new Replica(stack, service, port + distance));
      replicas.push(...own);
      const front = new Front(
        port,
        own.map((replica) => replica.port),
      );
      fronts.set(service, front);
      await front.start();
    }
    await Promise.all(replicas.map((replica) => replica.start()));
    for (const replica of replicas) await ready(replica);
    producer = new kafkajs.Kafka({ brokers: [stack.kafka], logLevel: 0 }).producer();
    await producer.connect();
    const { LD_LIBRARY_PATH = '' } = parseEnv(await readFile(join(stack.data, 'env', 'payment.env'), 'utf8'));
    foreign = await MqClient.start({ LD_LIBRARY_PATH, MQIJS_PREFER_INSTALLED_LIBRARY: '1' });
    await foreign.call('connect', { address: stack.mq, channel: 'ORDERBRIDGE.SVRCONN' });
    await foreign.call('open', { name: QUEUE, options: ['OUTPUT'] });
  });

  afterAll(async () => {
    await producer?.disconnect();
    await foreign?.stop();
    await Promise.all([...fronts.values()].map((front) => front.stop()));
    await Promise.all(replicas.map((replica) => replica.stop()));
    await stack?.remove();
  });

  /** Resolves when the front sends requests to it. */
  const ready = async (replica: Replica): Promise<void> => {
    const isReady = await until(
      () => !replica.runs || fronts.get(replica.service)?.isReady(replica.port),
      Boolean,
    );
    if (!replica.runs) throw new Error(`${replica.service} did not start; see its log`);
    expect(isReady).toBe(true);
  };
  /** Puts a message on each broker that no service can take. */
  const poison = async (): Promise<void> => {
    poisoned++;
    await producer.send({ topic: 'payments', messages: [{ key: `${poisoned}`, value: 'no event' }] });
    await foreign.call('put', {
      object: QUEUE,
      options: ['NO_SYNCPOINT', 'NEW_MSG_ID'],
      descriptor: { Format: 'MQSTR', Persistence: 1 },
      body: `no event ${poisoned}`,
    });
  };
  /** Dead letters by state, as the desk has them. */
  const letters = async (): Promise<Record<string, number>> => {
    const rows = await query<{ state: string; count: number }>(
      stack,
      DESK_DATABASE,
      `SELECT broker || ' ' || state AS state, count(*)::int AS count FROM letter
       WHERE order_id IS NULL GROUP BY 1`,
    );
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  };
  const failures = (): string[] => [...fronts.values()].flatMap(({ failed }) => failed);

  test('nothing is lost, nothing happens twice, and no request fails at the front', async () => {
    const stock = await query<{ id: string; pieces: number }>(
      stack,
      'inventory',
      'SELECT product_id AS id, on_hand AS pieces FROM stock',
    );
    const shopping = new Shopping(stack, 'rolling', new Random(1));
    const stopping = new AbortController();
    const placing = setInterval(() => shopping.place(), 1_000 / RATE);
    const reading = (async () => {
      while (!stopping.signal.aborted) {
        const orderId = [...shopping.accepted.keys()].at(-1) ?? LAMP;
        await Promise.all([
          stack.get('order', `/orders/${orderId}`),
          stack.get('inventory', `/inventory/${LAMP}`),
          stack.get('payment', `/payment/status/${orderId}`),
          stack.get('shipping', `/shipments/${orderId}`),
          stack.get('dead-letter-desk', '/dead-letters'),
        ]);
        await sleep(READ_INTERVAL);
      }
    })();
    let unanswered: readonly string[];
    try {
      for (const replica of replicas) {
        await poison();
        const before = shopping.accepted.size;
        await until(
          () => shopping.accepted.size,
          (size) => size >= before + BETWEEN,
        );
        expect([replica.service, await replica.stop()]).toEqual([replica.service, 0]);
        await replica.start();
        await ready(replica);
        expect([replica.service, failures()]).toEqual([replica.service, []]);
      }
    } finally {
      clearInterval(placing);
      stopping.abort();
      await reading;
      unanswered = await shopping.finish(ANSWER_TIMEOUT);
    }

    expect(unanswered).toEqual([]);
    expect([failures(), shopping.problems]).toEqual([[], []]);
    expect(shopping.accepted.size + shopping.refused).toBe(shopping.placed);
    expect(await untilQuiet(stack)).toBeUndefined();
    // What is parked has to end, too, once an operator decides about it.
    expect(await settleParked(stack, shopping.accepted)).toEqual([]);
    expect(await untilQuiet(stack, undefined, false)).toBeUndefined();
    const evidence = await gather(stack);
    const initial = new Map(stock.map(({ id, pieces }) => [id, pieces]));
    expect(violationsOf(evidence, shopping.accepted, initial)).toEqual([]);
    // Whatever becomes of orders has become of some.
    expect(evidence.orders.map(({ status }) => status)).toEqual(
      expect.arrayContaining(['DELIVERED', 'REJECTED', 'PAYMENT_FAILED', 'CANCELLED']),
    );
  });

  test('one replica of a service at a time publishes its outbox', async () => {
    for (const service of SERVICES) {
      const leads = await leadsIn(join(stack.data, 'logs', `${service}.log`));
      expect([service, overlapping(leads)]).toEqual([service, []]);
      // The lead has passed on at least once, and somebody has it.
      expect([service, new Set(leads.map(({ pid }) => pid)).size > 1]).toEqual([service, true]);
      const lanes = new Set(leads.map(({ broker }) => broker));
      expect([service, leads.filter(({ to }) => to === undefined).length]).toEqual([service, lanes.size]);
    }
  });

  test('two desks have each dead letter once, and send it again once', async () => {
    const [onTopics, onQueue] = [2 * poisoned, poisoned];
    await until(letters, (now) => now['kafka OPEN'] === onTopics && now['ibm-mq OPEN'] === onQueue);
    const ids = (
      await query<{ id: string }>(stack, DESK_DATABASE, 'SELECT id FROM letter WHERE order_id IS NULL')
    ).map(({ id }) => id);
    const ask = (port: number) =>
      fetch(`http://127.0.0.1:${port}/dead-letters/redrive`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-operator': 'ada' },
        body: JSON.stringify({ ids }),
      });
    const desks = replicas.filter(({ service }) => service === 'dead-letter-desk');
    const answers = await Promise.all(desks.map(({ port }) => ask(port)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const again = {
      'kafka REDRIVEN': onTopics,
      'ibm-mq REDRIVEN': onQueue,
      // What is sent to a topic again is a letter of both its groups again.
      'kafka OPEN': 2 * onTopics,
      'ibm-mq OPEN': onQueue,
    };
    await until(letters, (now) =>
      Object.entries(again).every(([state, count]) => (now[state] ?? 0) >= count),
    );
    expect(await untilQuiet(stack)).toBeUndefined();
    expect(await letters()).toEqual(again);
    const [redriven] = await query<{ count: number }>(
      stack,
      DESK_DATABASE,
      "SELECT count(*)::int AS count FROM audit_entry WHERE action = 'redriven'",
    );
    expect(redriven?.count).toBe(onTopics + onQueue);
  });
});
