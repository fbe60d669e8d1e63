import { Harness } from './harness.js';
import type { MqClient } from './mq-client.js';

const mqsc = `
DEFINE QLOCAL(ORDERS) DEFPSIST(YES) BOTHRESH(3) BOQNAME(ORDERS.BOQ) REPLACE
DEFINE QLOCAL(ORDERS.BOQ) DEFPSIST(YES) REPLACE
`;
const depth = ['MQIA_CURRENT_Q_DEPTH'];

let harness: Harness;
let one: MqClient;
let two: MqClient;

beforeEach(async () => {
  harness = await Harness.start({ mqsc });
  one = await harness.connected();
  two = await harness.connected();
  for (const client of [one, two]) {
    await client.call('open', { name: 'ORDERS', options: ['OUTPUT', 'INPUT_SHARED', 'INQUIRE'] });
  }
});
afterEach(() => harness.close());

const put = (client: MqClient, body: string) =>
  client.call('put', { object: 'ORDERS', body, options: ['SYNCPOINT'], descriptor: { Format: 'MQSTR' } });
const get = (client: MqClient) => client.call('get', { object: 'ORDERS', options: ['SYNCPOINT'] });
const getReason = (client: MqClient) => client.reason('get', { object: 'ORDERS', options: ['SYNCPOINT'] });

test('an uncommitted put is seen by nobody, not even by its own connection', async () => {
  await put(one, 'a');
  expect(await getReason(two)).toBe(2033);
  expect(await getReason(one)).toBe(2033);
  await one.call('commit');
  expect((await get(two)).body).toBe('a');
});

test('the depth counts uncommitted puts and not uncommitted gets', async () => {
  await put(one, 'a');
  await put(one, 'b');
  expect(await two.call('inquire', { object: 'ORDERS', selectors: depth })).toEqual({
    MQIA_CURRENT_Q_DEPTH: 2,
  });
  await one.call('commit');
  await get(two);
  expect(await one.call('inquire', { object: 'ORDERS', selectors: depth })).toEqual({
    MQIA_CURRENT_Q_DEPTH: 1,
  });
});

test('a backed-out get returns to its place with its backout count raised', async () => {
  await put(one, 'first');
  await put(one, 'second');
  await one.call('commit');
  expect((await get(two)).body).toBe('first');
  expect((await get(one)).body).toBe('second');
  await two.call('backout');
  const again = await get(two);
  expect(again).toMatchObject({ body: 'first', descriptor: { BackoutCount: 1 } });
  await two.call('backout');
  expect(await get(two)).toMatchObject({ body: 'first', descriptor: { BackoutCount: 2 } });
  await two.call('commit');
  expect(await getReason(two)).toBe(2033);
});

test('a backed-out put never was', async () => {
  await put(one, 'a');
  await one.call('backout');
  await one.call('commit');
  expect(await getReason(two)).toBe(2033);
});

test('gets and puts of one unit of work commit together', async () => {
  await put(one, 'in');
  await one.call('commit');
  await two.call('open', { name: 'ORDERS.BOQ', options: ['OUTPUT', 'INPUT_SHARED'] });
  await get(two);
  await two.call('put', { object: 'ORDERS.BOQ', body: 'poison', options: ['SYNCPOINT'] });
  await two.call('backout');
  expect(await two.reason('get', { object: 'ORDERS.BOQ' })).toBe(2033);
  await get(two);
  await two.call('put', { object: 'ORDERS.BOQ', body: 'poison', options: ['SYNCPOINT'] });
  await two.call('commit');
  expect((await two.call('get', { object: 'ORDERS.BOQ' })).body).toBe('poison');
  expect(await getReason(one)).toBe(2033);
});

test('losing the connection backs out and counts', async () => {
  await put(one, 'kept');
  await one.call('commit');
  await get(two);
  await put(two, 'lost');
  const waiting = one.call('get', { object: 'ORDERS', options: ['SYNCPOINT', 'WAIT'], wait: 20_000 });
  await two.kill();
  expect(await waiting).toMatchObject({ body: 'kept', descriptor: { BackoutCount: 1 } });
  expect(await getReason(one)).toBe(2033);
});

test('disconnecting properly commits', async () => {
  await put(one, 'a');
  await one.call('disconnect');
  expect((await get(two)).body).toBe('a');
});

test('closing a queue leaves the unit of work open', async () => {
  await put(one, 'a');
  await one.call('close', { object: 'ORDERS' });
  await one.call('commit');
  expect((await get(two)).body).toBe('a');
});

test('messages keep the place of their MQPUT, whoever commits first', async () => {
  await put(one, 'put first');
  await put(two, 'put second');
  await two.call('commit');
  await one.call('commit');
  expect((await get(two)).body).toBe('put first');
  expect((await get(two)).body).toBe('put second');
});

test('higher priorities come first, each in order', async () => {
  for (const [body, Priority] of [
    ['low', 0],
    ['high 1', 9],
    ['middle', 5],
    ['high 2', 9],
  ] as const) {
    await one.call('put', { object: 'ORDERS', body, descriptor: { Priority } });
  }
  const bodies: string[] = [];
  for (let i = 0; i < 4; i++) bodies.push((await get(two)).body as string);
  expect(bodies).toEqual(['high 1', 'high 2', 'middle', 'low']);
});

test('a committed message wakes a waiting get, and only one', async () => {
  const third = await harness.connected();
  const wait = (client: MqClient) =>
    client.call('get', { object: 'ORDERS', options: ['NO_SYNCPOINT', 'WAIT'], wait: 30_000 });
  const waits = [wait(one), wait(two)];
  await third.call('put1', { name: 'ORDERS', body: 'a' });
  expect((await Promise.race(waits)).body).toBe('a');
  await third.call('put1', { name: 'ORDERS', body: 'b' });
  const bodies = (await Promise.all(waits)).map((message) => message.body as string);
  expect(new Set(bodies)).toEqual(new Set(['a', 'b']));
});

test('too many messages in a unit of work end with 2024', async () => {
  await harness.restart({ mqsc: `${mqsc}\nALTER QMGR MAXUMSGS(10)` });
  const client = await harness.connected();
  await client.call('open', { name: 'ORDERS', options: ['OUTPUT'] });
  await client.call('put', { object: 'ORDERS', body: 'a', options: ['SYNCPOINT'], times: 10 });
  expect(await client.reason('put', { object: 'ORDERS', body: 'b', options: ['SYNCPOINT'] })).toBe(2024);
  await client.call('commit');
  expect(await client.reason('put', { object: 'ORDERS', body: 'b', options: ['SYNCPOINT'] })).toBe(0);
});
