import { type MqClient, queueManagerUnderTest } from './under-test.js';

const queueManager = queueManagerUnderTest();
const Q = 'CONF.ORDERS';
const BOQ = 'CONF.ORDERS.BOQ';

let one: MqClient;
let two: MqClient;

beforeEach(async () => {
  one = await queueManager.connected();
  two = await queueManager.connected();
  for (const client of [one, two]) {
    await client.call('open', { name: Q, options: ['OUTPUT', 'INPUT_SHARED', 'INQUIRE'] });
  }
});

const put = (client: MqClient, body: string, more: Record<string, unknown> = {}) =>
  client.call('put', { object: Q, body, options: ['SYNCPOINT'], ...more });
const get = (client: MqClient) => client.call('get', { object: Q, options: ['SYNCPOINT'] });
const getReason = (client: MqClient) => client.reason('get', { object: Q, options: ['SYNCPOINT'] });
const depth = async (client: MqClient) =>
  (await client.call('inquire', { object: Q, selectors: ['MQIA_CURRENT_Q_DEPTH'] }))
    .MQIA_CURRENT_Q_DEPTH as number;

describe('isolation', () => {
  test('an uncommitted put is seen by nobody, not even by its own connection', async () => {
    await put(one, 'a');
    expect(await getReason(two)).toBe(2033);
    expect(await getReason(one)).toBe(2033);
    await one.call('commit');
    expect((await get(two)).body).toBe('a');
  });

  test('a put out of syncpoint is seen at once, whatever else is uncommitted', async () => {
    await put(one, 'uncommitted');
    await put(one, 'at once', { options: ['NO_SYNCPOINT'] });
    expect((await get(two)).body).toBe('at once');
    await one.call('backout');
    expect(await getReason(one)).toBe(2033);
  });

  test('an uncommitted get is seen by nobody else', async () => {
    await put(one, 'a', { options: ['NO_SYNCPOINT'] });
    await get(one);
    expect(await getReason(two)).toBe(2033);
    await one.call('commit');
    expect(await getReason(two)).toBe(2033);
  });

  test('the depth counts uncommitted puts and does not count uncommitted gets', async () => {
    await put(one, 'a');
    await put(one, 'b');
    expect(await depth(two)).toBe(2);
    await one.call('commit');
    await get(two);
    expect(await depth(one)).toBe(1);
    await two.call('backout');
    expect(await depth(one)).toBe(2);
  });
});

describe('backout', () => {
  test('a put never was', async () => {
    await put(one, 'a');
    await one.call('backout');
    await one.call('commit');
    expect(await getReason(two)).toBe(2033);
  });

  test('a get returns the message to its place, its backout count one higher', async () => {
    await put(one, 'first');
    await put(one, 'second');
    await one.call('commit');
    expect((await get(two)).body).toBe('first');
    expect((await get(one)).body).toBe('second');
    await two.call('backout');
    expect(await get(two)).toMatchObject({ body: 'first', descriptor: { BackoutCount: 1 } });
    await two.call('backout');
    expect(await get(two)).toMatchObject({ body: 'first', descriptor: { BackoutCount: 2 } });
    await two.call('commit');
    expect(await getReason(two)).toBe(2033);
  });

  test('counts for every message of the unit of work', async () => {
    for (const body of ['a', 'b', 'c']) await put(one, body);
    await one.call('commit');
    for (let i = 0; i < 3; i++) await get(two);
    await two.call('backout');
    for (const body of ['a', 'b', 'c']) {
      expect(await get(two)).toMatchObject({ body, descriptor: { BackoutCount: 1 } });
    }
  });

  test('the queue manager itself moves nothing, however often a message is backed out', async () => {
    await put(one, 'poison', { options: ['NO_SYNCPOINT'] });
    for (let i = 0; i < 5; i++) {
      expect(await get(two)).toMatchObject({ body: 'poison', descriptor: { BackoutCount: i } });
      await two.call('backout');
    }
    await two.call('open', { name: BOQ, options: ['INPUT_SHARED'] });
    expect(await two.reason('get', { object: BOQ })).toBe(2033);
  });

  test('a waiting get receives what is backed out', async () => {
    await put(one, 'a', { options: ['NO_SYNCPOINT'] });
    await get(two);
    const waiting = one.call('get', { object: Q, options: ['SYNCPOINT', 'WAIT'], wait: 20_000 });
    await two.call('backout');
    expect(await waiting).toMatchObject({ body: 'a', descriptor: { BackoutCount: 1 } });
  });
});

describe('a unit of work', () => {
  test('commits gets and puts on several queues together, or not at all', async () => {
    await put(one, 'in', { options: ['NO_SYNCPOINT'] });
    await two.call('open', { name: BOQ, options: ['OUTPUT', 'INPUT_SHARED'] });
    const move = async () => {
      await get(two);
      await two.call('put', { object: BOQ, body: 'poison', options: ['SYNCPOINT'] });
    };
    await move();
    await two.call('backout');
    expect(await two.reason('get', { object: BOQ })).toBe(2033);
    await move();
    await two.call('commit');
    expect((await two.call('get', { object: BOQ })).body).toBe('poison');
    expect(await getReason(one)).toBe(2033);
  });

  test('is not ended by closing a queue', async () => {
    await put(one, 'a');
    await one.call('close', { object: Q });
    expect(await getReason(two)).toBe(2033);
    await one.call('commit');
    expect((await get(two)).body).toBe('a');
  });

  test('is committed by disconnecting properly', async () => {
    await put(one, 'a');
    await one.call('disconnect');
    expect((await get(two)).body).toBe('a');
  });

  test('is backed out, and counted, when the program is gone', async () => {
    await put(one, 'kept', { options: ['NO_SYNCPOINT'] });
    await get(two);
    await put(two, 'lost');
    const waiting = one.call('get', { object: Q, options: ['SYNCPOINT', 'WAIT'], wait: 20_000 });
    await two.kill();
    expect(await waiting).toMatchObject({ body: 'kept', descriptor: { BackoutCount: 1 } });
    expect(await getReason(one)).toBe(2033);
  });

  test('holds with SYNCPOINT_IF_PERSISTENT persistent messages only', async () => {
    await put(one, 'persistent', { options: ['NO_SYNCPOINT'], descriptor: { Persistence: 1 } });
    await put(one, 'not', { options: ['NO_SYNCPOINT'], descriptor: { Persistence: 0 } });
    for (let i = 0; i < 2; i++) await two.call('get', { object: Q, options: ['SYNCPOINT_IF_PERSISTENT'] });
    await two.call('backout');
    expect((await get(two)).body).toBe('persistent');
    expect(await getReason(two)).toBe(2033);
  });

  test('without anything in it may be committed and backed out', async () => {
    expect(await one.reason('commit')).toBe(0);
    expect(await one.reason('backout')).toBe(0);
  });
});

describe('several programs', () => {
  test('take each message once', async () => {
    const third = await queueManager.connected();
    await third.call('open', { name: Q, options: ['INPUT_SHARED'] });
    await one.call('put', { object: Q, size: 4, numbered: 1, times: 60 });
    const taken: number[] = [];
    const takeAll = async (client: MqClient) => {
      for (;;) {
        const reason = await client.call('get', { object: Q, options: ['SYNCPOINT'] }).then(
          ({ body }) => {
            taken.push(Buffer.from(body as string, 'latin1').readUInt32BE(0));
            return 0;
          },
          (error: { reason: number }) => error.reason,
        );
        if (reason !== 0) return reason;
        await client.call('commit');
      }
    };
    expect(await Promise.all([one, two, third].map(takeAll))).toEqual([2033, 2033, 2033]);
    expect(taken.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  });
});
