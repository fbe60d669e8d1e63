import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from '@orderbridge/contracts';
import type { DataSource } from 'typeorm';
import { connectTestDatabase } from '../../../../test/postgres/test-database.js';
import { MessagingTables1700000000000 } from '../messaging-tables.migration.js';
import { PostgresMessageStore } from '../store/postgres-message-store.js';
import { UnitsOfWork } from '../unit-of-work/units-of-work.js';
import type { OutgoingMessage } from './outgoing-message.js';
import { DestinationsUnavailableError, UndeliverableMessageError, type Publisher } from './publisher.js';
import { Relay } from './relay.js';

const quiet = { leading() {}, published() {}, retrying() {}, parked() {} };
/** Long enough that a test which needs the fallback would time out: what passes was woken. */
const NO_FALLBACK = 60_000;

class RecordingPublisher implements Publisher {
  readonly messages: OutgoingMessage[] = [];
  failures = 0;
  refuse: (message: OutgoingMessage) => boolean = () => false;
  /** A destination that takes nothing while others do. */
  unavailable: string | undefined;

  constructor(readonly broker: Broker = 'kafka') {}

  publish(messages: readonly OutgoingMessage[]): Promise<void> {
    if (this.failures > 0) {
      this.failures--;
      return Promise.reject(new Error('away'));
    }
    if (messages.some(this.refuse)) return Promise.reject(new UndeliverableMessageError('too large'));
    const others = messages.filter(({ destination }) => destination.name !== this.unavailable);
    this.messages.push(...others);
    if (others.length === messages.length) return Promise.resolve();
    const causes = new Map([[String(this.unavailable), new Error('does not exist')]]);
    return Promise.reject(new DestinationsUnavailableError(causes));
  }

  get ids(): string[] {
    return this.messages.map(({ messageId }) => messageId);
  }
}

describe('Relay', () => {
  let dataSource: DataSource;
  let unitsOfWork: UnitsOfWork;
  const relays: Relay[] = [];

  beforeEach(async () => {
    dataSource = await connectTestDatabase([MessagingTables1700000000000]);
    unitsOfWork = new UnitsOfWork(new PostgresMessageStore(dataSource), '/test');
  });

  afterEach(async () => {
    await Promise.all(relays.splice(0).map((relay) => relay.stop()));
    await dataSource.destroy();
  });

  const start = (publishers: Publisher[], units = unitsOfWork, patienceMs = 60_000) => {
    const relay = new Relay({
      store: new PostgresMessageStore(dataSource),
      unitsOfWork: units,
      publishers,
      observer: quiet,
      batchSize: 10,
      fallbackInterval: NO_FALLBACK,
      patienceMs,
    });
    relays.push(relay);
    relay.start();
    return relay;
  };

  const send = (messageId: string, key = 'k', broker: Broker = 'kafka', units = unitsOfWork, name = 'd') =>
    units.run((unit) => {
      unit.sendEncoded({
        messageId,
        destination: { broker, name },
        key,
        headers: { n: messageId },
        body: Buffer.from([0, 255, 10]),
      });
      return Promise.resolve();
    });

  const until = async (condition: () => boolean | Promise<boolean>) => {
    while (!(await condition())) await sleep(10);
  };

  const left = async () => Number((await dataSource.query('SELECT count(*) FROM outbox'))[0].count);

  test('publishes what was committed, byte for byte, and deletes it', async () => {
    const publisher = new RecordingPublisher();
    start([publisher]);
    await send('1');
    await until(async () => publisher.messages.length === 1 && (await left()) === 0);
    expect(publisher.messages[0]).toMatchObject({
      messageId: '1',
      destination: { broker: 'kafka', name: 'd' },
      key: 'k',
      headers: { n: '1' },
      body: Buffer.from([0, 255, 10]),
    });
  });

  test('publishes nothing of a transaction that was rolled back', async () => {
    const publisher = new RecordingPublisher();
    start([publisher]);
    await expect(
      unitsOfWork.run((unit) => {
        unit.sendEncoded({
          messageId: 'never',
          destination: { broker: 'kafka', name: 'd' },
          key: 'k',
          headers: {},
          body: Buffer.alloc(0),
        });
        return Promise.reject(new Error('no'));
      }),
    ).rejects.toThrow('no');
    await send('after');
    await until(() => publisher.messages.length > 0);
    expect(publisher.ids).toEqual(['after']);
  });

  test('keeps the order per key while the broker fails now and then', async () => {
    const publisher = new RecordingPublisher();
    start([publisher]);
    const expected: string[] = [];
    for (let n = 0; n < 60; n++) {
      if (n % 7 === 0) publisher.failures = 1;
      await send(`${n}`, `key ${n % 3}`);
      expected.push(`${n}`);
    }
    await until(() => publisher.messages.length >= 60);
    for (const key of ['key 0', 'key 1', 'key 2']) {
      const ids = publisher.messages
        .filter((message) => message.key === key)
        .map(({ messageId }) => Number(messageId));
      expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    }
    expect(publisher.ids.toSorted()).toEqual(expected.toSorted());
  });

  test('a transaction that commits late is not forgotten', async () => {
    const publisher = new RecordingPublisher();
    start([publisher]);
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query(
      `INSERT INTO outbox (broker, destination, key, message_id, headers, body) VALUES ('kafka', 'd', 'other', 'late', '{}', '')`,
    );
    await send('early');
    await until(() => publisher.ids.includes('early'));
    await runner.commitTransaction();
    await runner.release();
    await send('wake');
    await until(() => publisher.ids.includes('late'));
    expect(publisher.ids).toHaveLength(3);
  });

  test('a broker that is away holds up no other', async () => {
    const away = new RecordingPublisher('ibm-mq');
    away.failures = Infinity;
    const kafka = new RecordingPublisher('kafka');
    start([away, kafka]);
    await send('to mq', 'k', 'ibm-mq');
    await send('to kafka', 'k', 'kafka');
    await until(() => kafka.ids.includes('to kafka'));
    expect(away.ids).toEqual([]);
    away.failures = 0;
    await until(() => away.ids.includes('to mq'));
    expect(away.ids).toEqual(['to mq']);
  });

  test('a destination that takes nothing holds up no other, however much waits for it', async () => {
    const publisher = new RecordingPublisher();
    publisher.unavailable = 'deleted';
    start([publisher]);
    // More than the relay takes at once, with one that is refused among them.
    publisher.refuse = ({ messageId }) => messageId === 'bad';
    const waiting = Array.from({ length: 25 }, (_, n) => `${n}`);
    for (const id of waiting) await send(id, 'k', 'kafka', unitsOfWork, 'deleted');
    await send('bad');
    await send('other');
    await until(() => publisher.ids.includes('other'));
    expect(publisher.ids).toEqual(['other']);
    publisher.unavailable = undefined;
    await until(() => publisher.ids.length === 26);
    expect(publisher.ids).toEqual(['other', ...waiting]);
  });

  test('parks a message that the broker refuses, and goes on', async () => {
    const publisher = new RecordingPublisher();
    publisher.refuse = ({ messageId }) => messageId === 'bad';
    const relay = start([publisher]);
    await until(() => relay.leading);
    await Promise.all(['a', 'bad', 'b'].map((id) => send(id)));
    await until(() => publisher.ids.includes('a') && publisher.ids.includes('b'));
    const rows = () => dataSource.query('SELECT message_id, parked_reason FROM outbox');
    await until(async () => (await rows()).length === 1 && (await rows())[0].parked_reason !== null);
    expect(await rows()).toEqual([{ message_id: 'bad', parked_reason: 'too large' }]);
  });

  test('of two replicas one publishes; it is woken by what the other appends', async () => {
    const publishers = [new RecordingPublisher(), new RecordingPublisher()] as const;
    const other = new UnitsOfWork(new PostgresMessageStore(dataSource), '/other');
    const first = start([publishers[0]]);
    await until(() => first.leading);
    const second = start([publishers[1]], other);
    await send('1', 'k', 'kafka', other);
    await until(() => publishers[0].ids.includes('1'));
    expect(second.leading).toBe(false);
    expect(publishers[1].ids).toEqual([]);
  });

  test('a leader that alone cannot reach its broker lets another one publish, and keeps its other lane', async () => {
    const cutOff = new RecordingPublisher('ibm-mq');
    cutOff.failures = Infinity;
    const [kafka, spareKafka] = [new RecordingPublisher('kafka'), new RecordingPublisher('kafka')];
    const healthy = new RecordingPublisher('ibm-mq');
    const first = start([cutOff, kafka], unitsOfWork, 300);
    await until(() => first.leading);
    const other = new UnitsOfWork(new PostgresMessageStore(dataSource), '/other');
    start([healthy, spareKafka], other, 300);
    await send('to mq', 'k', 'ibm-mq');
    await until(() => healthy.ids.includes('to mq'));
    await send('to mq 2', 'k', 'ibm-mq');
    await send('to kafka', 'k', 'kafka');
    await until(() => kafka.ids.includes('to kafka') && healthy.ids.includes('to mq 2'));
    expect([cutOff.ids, spareKafka.ids, healthy.ids]).toEqual([[], [], ['to mq', 'to mq 2']]);
  });

  test('a row that cannot be read is parked and holds up no other', async () => {
    const publisher = new RecordingPublisher();
    await dataSource.query(
      `INSERT INTO outbox (broker, destination, key, message_id, headers, body) VALUES
         ('kafka', 'd', 'k', 'number', '{"n": 1}', ''), ('kafka', 'd', 'k', 'null', 'null', ''),
         ('kafka', 'd', 'k', 'list', '["a"]', ''), ('kafka', 'd', 'k', 'good', '{"__proto__": {"base64": "AA=="}}', '')`,
    );
    start([publisher]);
    const parked = () =>
      dataSource.query('SELECT message_id AS id, parked_reason AS reason FROM outbox ORDER BY outbox.id');
    await until(async () => (await parked()).length === 3 && publisher.ids.includes('good'));
    const unread = expect.stringContaining('cannot be read');
    await until(async () => (await parked()).every(({ reason }: { reason: string | null }) => reason));
    expect(await parked()).toEqual(['number', 'null', 'list'].map((id) => ({ id, reason: unread })));
    expect(Object.entries(publisher.messages[0]?.headers ?? {})).toEqual([['__proto__', Buffer.from([0])]]);
  });

  test('when the leader stops, another takes over', async () => {
    const publishers = [new RecordingPublisher(), new RecordingPublisher()] as const;
    const first = start([publishers[0]]);
    await until(() => first.leading);
    const second = start([publishers[1]]);
    await first.stop();
    await send('1');
    await until(() => publishers[1].ids.includes('1'));
    expect(second.leading).toBe(true);
  });

  test('when the connection that holds the lead is cut, the lead is won anew', async () => {
    const publisher = new RecordingPublisher();
    const relay = start([publisher]);
    await until(() => relay.leading);
    await dataSource.query(
      `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND pid <> pg_backend_pid()
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    await until(() => !relay.leading);
    await until(() => relay.leading);
    await send('after');
    await until(() => publisher.ids.includes('after'));
    expect(publisher.ids).toEqual(['after']);
  });
});
