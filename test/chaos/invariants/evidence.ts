import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { clientLibrary, libraryEnvironment } from '@orderbridge/embedded-mq';
import { installRecordReading } from '@orderbridge/kafka';
import { partnersBooks, type RunningStack } from '@orderbridge/running-stack';
import kafkajs, { type Admin } from 'kafkajs';
import pg from 'pg';
import { DESK, SERVICES, type Service } from '../plan/fault.js';
import { compiled } from '../system/compiled.js';
import type { BrowsedMessage } from './browse-queues.js';

const run = promisify(execFile);

/** Milliseconds. */
const GATHER_TIMEOUT = 120_000;

export interface OrderRow {
  readonly id: string;
  readonly status: string;
  readonly reason: string | null;
  /** In minor units. */
  readonly total: number;
  readonly version: number;
}

export interface TimelineRow {
  readonly orderId: string;
  readonly position: number;
  readonly cause: string;
  readonly status: string;
  readonly messageId: string;
}

export interface StockRow {
  readonly productId: string;
  readonly onHand: number;
  readonly reserved: number;
  readonly shipped: number;
}

export interface Message {
  /** The topic or queue on which it lies. */
  readonly place: string;
  readonly id: string;
  readonly type: string;
  /** The order that it is about. */
  readonly key: string;
  /** Who has sent it; the harness, too, puts messages there. */
  readonly source: string;
  /** Of a dead letter: who could not take it, and why. */
  readonly dead: { readonly consumer: string; readonly reason: string } | undefined;
}

/** A dead letter in the desk's own books. */
export interface LetterRow {
  readonly id: string;
  /** Of the message. */
  readonly eventId: string | null;
  /** Who could not take it. */
  readonly consumer: string | null;
  readonly orderId: string | null;
  readonly type: string | null;
  readonly state: string;
  readonly reason: string;
}

/** What there is to judge by, once the system is quiet: databases, topics, queues and the partners' books. */
export interface Evidence {
  readonly orders: readonly OrderRow[];
  readonly timeline: readonly TimelineRow[];
  readonly stock: readonly StockRow[];
  /** Reservations that hold stock, by product. */
  readonly held: ReadonlyMap<string, number>;
  readonly reservations: readonly { orderId: string; status: string }[];
  readonly payments: readonly { orderId: string; status: string }[];
  readonly shipments: readonly { orderId: string; status: string }[];
  readonly charges: readonly { reference: string; status: string; amount: number }[];
  readonly refunds: readonly { reference: string; amount: number }[];
  readonly labels: readonly {
    orderId: string;
    status: string;
    recipient: Readonly<Record<string, string>>;
  }[];
  /** Messages in the outbox, by process. */
  readonly outboxes: ReadonlyMap<string, number>;
  /** Ids of handled messages, by service. */
  readonly inboxes: ReadonlyMap<Service, ReadonlySet<string>>;
  /** Everything that lies on the topics and queues, dead letters included. */
  readonly messages: readonly Message[];
  /** What the dead-letter desk holds. */
  readonly letters: readonly LetterRow[];
}

/** The dead-letter desk's database. */
export const DESK_DATABASE = 'dead_letters';
export type Database = Service | typeof DESK_DATABASE;

/** Runs statements in a database. */
export async function query<Row>(
  stack: RunningStack,
  database: Database,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({
    connectionString: stack.database(database),
    connectionTimeoutMillis: 10_000,
    query_timeout: 60_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const { rows } = await client.query(sql, [...values]);
    return rows as Row[];
  } finally {
    await client.end();
  }
}

/** Messages in the outbox of a process. */
export async function outboxDepth(stack: RunningStack, database: Database): Promise<number> {
  const [outbox] = await query<{ count: number }>(
    stack,
    database,
    'SELECT count(*)::int AS count FROM outbox',
  );
  return outbox?.count ?? 0;
}

/** @throws when anything cannot be looked at, or has not been after two minutes. */
export async function gather(stack: RunningStack): Promise<Evidence> {
  const late = new AbortController();
  const time = sleep(GATHER_TIMEOUT, undefined, { signal: late.signal }).then(() => {
    throw new Error(`The evidence was not gathered within ${GATHER_TIMEOUT / 1_000} s.`);
  });
  try {
    return await Promise.race([gathered(stack), time]);
  } finally {
    late.abort();
  }
}

async function gathered(stack: RunningStack): Promise<Evidence> {
  const books = await partnersBooks(stack);
  const status = (service: Service, table: string): Promise<{ orderId: string; status: string }[]> =>
    query(stack, service, `SELECT order_id AS "orderId", status FROM ${table}`);
  const held = await query<{ productId: string; pieces: number }>(
    stack,
    'inventory',
    `SELECT line ->> 'productId' AS "productId", sum((line ->> 'quantity')::int)::int AS pieces
     FROM reservation, json_array_elements(lines) AS line WHERE status = 'RESERVED' GROUP BY 1`,
  );
  const outboxes = new Map<string, number>([
    ['the dead-letter desk', await outboxDepth(stack, DESK_DATABASE)],
  ]);
  const inboxes = new Map<Service, Set<string>>();
  for (const service of SERVICES) {
    outboxes.set(service, await outboxDepth(stack, service));
    const inbox = await query<{ id: string }>(
      stack,
      service,
      `SELECT message_id AS id FROM inbox WHERE consumer = '${service}'`,
    );
    inboxes.set(service, new Set(inbox.map(({ id }) => id)));
  }
  return {
    orders: await query(stack, 'order', 'SELECT id, status, reason, total::int, version FROM orders'),
    timeline: await query(
      stack,
      'order',
      `SELECT order_id AS "orderId", position, cause, status, message_id AS "messageId"
       FROM order_timeline ORDER BY order_id, position`,
    ),
    stock: await query(
      stack,
      'inventory',
      'SELECT product_id AS "productId", on_hand AS "onHand", reserved, shipped FROM stock',
    ),
    held: new Map(held.map(({ productId, pieces }) => [productId, pieces])),
    reservations: await status('inventory', 'reservation'),
    payments: await status('payment', 'payment'),
    shipments: await status('shipping', 'shipment'),
    charges: books.charges,
    refunds: books.refunds,
    labels: books.shipments,
    outboxes,
    inboxes,
    messages: [...(await messagesOnTopics(stack)), ...(await messagesOnQueues(stack))],
    letters: await query(
      stack,
      DESK_DATABASE,
      'SELECT id, event_id AS "eventId", consumer, order_id AS "orderId", type, state, reason FROM letter',
    ),
  };
}

// Hostile records are among what is looked at, which kafkajs alone does not get past.
installRecordReading();

const client = (stack: RunningStack): kafkajs.Kafka =>
  new kafkajs.Kafka({ brokers: [stack.kafka], clientId: 'chaos', logLevel: kafkajs.logLevel.NOTHING });

async function withAdmin<Result>(
  stack: RunningStack,
  use: (admin: Admin) => Promise<Result>,
): Promise<Result> {
  const admin = client(stack).admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Messages that the services and the desk have not taken from their topics yet. */
export function kafkaLag(stack: RunningStack): Promise<number> {
  return withAdmin(stack, async (admin) => {
    let lag = 0;
    const ends = new Map<string, bigint>();
    const ofDeadLetters = (await admin.listTopics()).filter((topic) => DEAD_LETTER_TOPIC.test(topic));
    for (const group of [...SERVICES, DESK]) {
      const topics = group === DESK ? { topics: ofDeadLetters } : {};
      for (const { topic, partitions } of await admin.fetchOffsets({ groupId: group, ...topics })) {
        for (const { partition, offset } of partitions) {
          if (!ends.has(`${topic}/0`)) {
            for (const end of await admin.fetchTopicOffsets(topic))
              ends.set(`${topic}/${end.partition}`, BigInt(end.offset));
          }
          const committed = BigInt(offset);
          lag += Number((ends.get(`${topic}/${partition}`) ?? 0n) - (committed < 0n ? 0n : committed));
        }
      }
    }
    return lag;
  });
}

async function messagesOnTopics(stack: RunningStack): Promise<Message[]> {
  const { topics, ends } = await withAdmin(stack, async (admin) => {
    const names = (await admin.listTopics()).filter((topic) => !topic.startsWith('__'));
    const left = new Map<string, bigint>();
    for (const topic of names) {
      for (const { partition, offset, low } of await admin.fetchTopicOffsets(topic))
        if (BigInt(offset) > BigInt(low)) left.set(`${topic}/${partition}`, BigInt(offset));
    }
    return { topics: names, ends: left };
  });
  const messages: Message[] = [];
  if (ends.size === 0) return messages;
  const consumer = client(stack).consumer({ groupId: `chaos-${Date.now()}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
      consumer
        .run({
          autoCommit: false,
          eachBatch: ({ batch }) => {
            const part = `${batch.topic}/${batch.partition}`;
            for (const { headers, key } of batch.messages) {
              const texts = Object.fromEntries(
                Object.entries(headers ?? {}).map(([name, value]) => [name, String(value ?? '')]),
              );
              const deadFor = DEAD_LETTER_TOPIC.exec(batch.topic)?.groups?.['consumer'];
              messages.push(messageOf(batch.topic, texts, key?.toString(), deadFor));
            }
            if (BigInt(batch.lastOffset()) + 1n >= (ends.get(part) ?? 0n)) ends.delete(part);
            if (ends.size === 0) resolve();
            return Promise.resolve();
          },
        })
        .catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  return messages;
}

const DEAD_LETTER_TOPIC = /\.(?<consumer>[^.]+)\.dlt$/;
const QUEUE = 'INVENTORY.EVENTS';
/** Who could not take what lies there. */
const DEAD_LETTER_QUEUES: Readonly<Record<string, string>> = { [`${QUEUE}.BOQ`]: 'payment' };
const BROWSER = compiled(import.meta.url, 'browse-queues.js');

/** What lies on the queues, asked of the queue manager itself. */
async function messagesOnQueues(stack: RunningStack): Promise<Message[]> {
  const library = await clientLibrary({ cacheDir: join(stack.data, 'mq-client') });
  const { stdout } = await run(
    process.execPath,
    [BROWSER, stack.mq, QUEUE, ...Object.keys(DEAD_LETTER_QUEUES)],
    {
      env: { ...process.env, ...libraryEnvironment(library) },
      timeout: GATHER_TIMEOUT,
      maxBuffer: 2 ** 30,
    },
  );
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const { queue, headers } = JSON.parse(line) as BrowsedMessage;
      return messageOf(queue, headers, headers['ce_subject'], DEAD_LETTER_QUEUES[queue]);
    });
}

function messageOf(
  place: string,
  headers: Readonly<Record<string, string>>,
  key = '',
  deadFor: string | undefined,
): Message {
  const dead = deadFor === undefined ? undefined : { consumer: deadFor, reason: headers['dlt_reason'] ?? '' };
  return {
    place,
    id: headers['ce_id'] ?? '',
    type: headers['ce_type'] ?? '',
    key,
    source: headers['ce_source'] ?? '',
    dead,
  };
}
