import { identifier, type MqClient, queueManagerUnderTest } from './under-test.js';

const queueManager = queueManagerUnderTest();
const Q = 'CONF.QUEUE';

let client: MqClient;
beforeEach(async () => {
  client = await queueManager.connected();
  for (const name of [Q, 'CONF.FIFO', 'CONF.SMALL']) {
    await client.call('open', { name, options: ['OUTPUT', 'INPUT_SHARED', 'SET'] });
  }
});

const put = (object: string, body: string, more: Record<string, unknown> = {}) =>
  client.call('put', { object, body, ...more });
const get = (object: string, more: Record<string, unknown> = {}) => client.call('get', { object, ...more });

describe('MQPUT', () => {
  test.each([
    ['a message longer than MAXMSGL of the queue', { size: 1001 }, 2030],
    ['a negative priority', { descriptor: { Priority: -7 } }, 2050],
    ['an unknown persistence', { descriptor: { Persistence: 9 } }, 2047],
    ['an expiry of nothing', { descriptor: { Expiry: 0 } }, 2013],
    ['a message type of nothing', { descriptor: { MsgType: 0 } }, 2029],
    ['a request without a reply queue', { descriptor: { MsgType: 1 } }, 2027],
    ['a report asked for without a reply queue', { descriptor: { Report: 1 } }, 2027],
    ['in syncpoint and out of it', { options: ['SYNCPOINT', 'NO_SYNCPOINT'] }, 2046],
    ['context of a handle that is not open for it', { options: ['SET_ALL_CONTEXT'] }, 2095],
    ['identity context of a handle that is not open for it', { options: ['SET_IDENTITY_CONTEXT'] }, 2096],
  ])('%s: %j', async (_, args, reason) => {
    expect(await client.reason('put', { object: Q, body: 'x', ...args })).toBe(reason);
    expect(await client.reason('get', { object: Q })).toBe(2033);
  });

  test('a message as long as MAXMSGL of the queue', async () => {
    expect(await client.reason('put', { object: Q, size: 1000 })).toBe(0);
    expect(await get(Q)).toMatchObject({ length: 1000 });
  });

  test('an empty message', async () => {
    await put(Q, '');
    expect(await get(Q)).toMatchObject({ body: '', length: 0, warning: 0 });
  });

  test('a full queue: 2053, until there is room', async () => {
    await put('CONF.SMALL', 'a');
    await put('CONF.SMALL', 'b');
    expect(await client.reason('put', { object: 'CONF.SMALL', body: 'c' })).toBe(2053);
    await get('CONF.SMALL');
    expect(await client.reason('put', { object: 'CONF.SMALL', body: 'c' })).toBe(0);
  });

  test('a queue that is full of uncommitted messages: 2053', async () => {
    await put('CONF.SMALL', 'a', { options: ['SYNCPOINT'] });
    await put('CONF.SMALL', 'b', { options: ['SYNCPOINT'] });
    const other = await queueManager.connected();
    expect(await other.reason('put1', { name: 'CONF.SMALL', body: 'c' })).toBe(2053);
    await client.call('backout');
    expect(await other.reason('put1', { name: 'CONF.SMALL', body: 'c' })).toBe(0);
  });
});

describe('MQPUT1', () => {
  test('puts without an open handle', async () => {
    await client.call('put1', { name: Q, body: 'one' });
    expect((await get(Q)).body).toBe('one');
  });

  test('through an alias', async () => {
    await client.call('put1', { name: 'CONF.ALIAS', body: 'one' });
    expect((await get(Q)).body).toBe('one');
  });

  test('in syncpoint', async () => {
    await client.call('put1', { name: Q, body: 'one', options: ['SYNCPOINT'] });
    expect(await client.reason('get', { object: Q })).toBe(2033);
    await client.call('commit');
    expect((await get(Q)).body).toBe('one');
  });

  test('an unknown queue: 2085', async () => {
    expect(await client.reason('put1', { name: 'CONF.NO.SUCH', body: 'x' })).toBe(2085);
  });
});

describe('inhibited queues', () => {
  test('puts: 2051, gets: 2016, until they are allowed again', async () => {
    await put(Q, 'before');
    await client.call('set', { object: Q, values: { MQIA_INHIBIT_PUT: 1, MQIA_INHIBIT_GET: 1 } });
    expect(await client.reason('put', { object: Q, body: 'x' })).toBe(2051);
    expect(await client.reason('put1', { name: Q, body: 'x' })).toBe(2051);
    expect(await client.reason('get', { object: Q })).toBe(2016);
    await client.call('set', { object: Q, values: { MQIA_INHIBIT_PUT: 0, MQIA_INHIBIT_GET: 0 } });
    expect((await get(Q)).body).toBe('before');
  });

  test('an alias inhibits only those who use it', async () => {
    await client.call('open', { name: 'CONF.ALIAS.CLOSED', options: ['OUTPUT', 'INPUT_SHARED'] });
    expect(await client.reason('put', { object: 'CONF.ALIAS.CLOSED', body: 'x' })).toBe(2051);
    expect(await client.reason('get', { object: 'CONF.ALIAS.CLOSED' })).toBe(2016);
    expect(await client.reason('put', { object: Q, body: 'x' })).toBe(0);
  });
});

describe('the message descriptor', () => {
  test('a message identifier is made when there is none', async () => {
    const first = (await put(Q, 'a')).descriptor.MsgId as string;
    const second = (await put(Q, 'b')).descriptor.MsgId as string;
    expect(first).not.toBe(second);
    expect((await get(Q)).descriptor.MsgId).toBe(first);
    const text = Buffer.from(first, 'hex').toString('latin1');
    expect(text.slice(0, 16)).toBe(`AMQ ${queueManager.name.slice(0, 12).padEnd(12)}`);
  });

  test('identifiers are kept when given', async () => {
    const given = { MsgId: identifier('m'), CorrelId: identifier('c') };
    expect((await put(Q, 'a', { descriptor: given })).descriptor).toMatchObject(given);
    expect((await get(Q)).descriptor).toMatchObject(given);
  });

  test('NEW_MSG_ID and NEW_CORREL_ID replace what is given', async () => {
    const given = { MsgId: identifier('m'), CorrelId: identifier('c') };
    const { descriptor } = await put(Q, 'a', { descriptor: given, options: ['NEW_MSG_ID', 'NEW_CORREL_ID'] });
    expect(descriptor.MsgId).not.toBe(given.MsgId);
    expect(descriptor.CorrelId).not.toBe(given.CorrelId);
    expect(descriptor.CorrelId).not.toBe('0'.repeat(48));
  });

  test('what the program says about its message arrives unchanged', async () => {
    const descriptor = {
      MsgType: 2,
      Feedback: 275,
      Encoding: 273,
      CodedCharSetId: 500,
      Format: 'MYFORMAT',
      Priority: 7,
      Persistence: 0,
      CorrelId: identifier('c'),
    };
    await put(Q, 'a', { descriptor });
    expect((await get(Q)).descriptor).toMatchObject(descriptor);
  });

  test('persistence and priority come from the queue when they are left to it', async () => {
    await put(Q, 'a', { descriptor: { Persistence: 2, Priority: -1 } });
    expect((await get(Q)).descriptor).toMatchObject({ Persistence: 1, Priority: 4 });
    await put('CONF.FIFO', 'a', { descriptor: { Persistence: 2, Priority: -1 } });
    expect((await get('CONF.FIFO')).descriptor).toMatchObject({ Persistence: 0, Priority: 0 });
  });

  test('a priority above the highest: 2049 as a warning, and the message says what was given', async () => {
    const above = { object: Q, body: 'a', descriptor: { Priority: 12 } };
    await expect(client.call('put', above)).rejects.toMatchObject({ reason: 2049, completion: 1 });
    expect(await get(Q)).toMatchObject({ body: 'a', descriptor: { Priority: 12 } });
  });

  test('a request carries its reply queue, and the queue manager that has it', async () => {
    await put(Q, 'a', { descriptor: { MsgType: 1, ReplyToQ: 'CONF.REPLIES' } });
    expect((await get(Q)).descriptor).toMatchObject({
      MsgType: 1,
      ReplyToQ: 'CONF.REPLIES',
      ReplyToQMgr: queueManager.name,
    });
    await put(Q, 'a', { descriptor: { MsgType: 1, ReplyToQ: 'CONF.REPLIES', ReplyToQMgr: 'ELSEWHERE' } });
    expect((await get(Q)).descriptor.ReplyToQMgr).toBe('ELSEWHERE');
  });

  test('a message that was never backed out has a backout count of 0', async () => {
    await put(Q, 'a', { descriptor: { BackoutCount: 5 } });
    expect((await get(Q)).descriptor.BackoutCount).toBe(0);
  });
});

describe('context', () => {
  test('says who put the message, with what program and when', async () => {
    const named = await queueManager.connected({ application: 'order service' });
    await named.call('put1', { name: Q, body: 'a' });
    const { descriptor } = await get(Q);
    expect(descriptor.PutApplName).toBe('order service');
    expect(descriptor.UserIdentifier).not.toBe('');
    expect(descriptor.PutDate).toMatch(/^20\d{6}$/);
    expect(descriptor.PutTime).toMatch(/^\d{8}$/);
  });

  test('can be set as a whole (the user needs SETALL)', async () => {
    await client.call('open', { object: 'out', name: Q, options: ['OUTPUT', 'SET_ALL_CONTEXT'] });
    const context = {
      UserIdentifier: 'origin',
      PutApplName: 'elsewhere',
      PutDate: '20200131',
      PutTime: '12345678',
    };
    await client.call('put', { object: 'out', body: 'a', options: ['SET_ALL_CONTEXT'], descriptor: context });
    expect((await get(Q)).descriptor).toMatchObject(context);
  });

  test('can be set as to identity (the user needs SETID)', async () => {
    await client.call('open', { object: 'out', name: Q, options: ['OUTPUT', 'SET_IDENTITY_CONTEXT'] });
    const descriptor = { UserIdentifier: 'origin', PutApplName: 'elsewhere' };
    await client.call('put', { object: 'out', body: 'a', options: ['SET_IDENTITY_CONTEXT'], descriptor });
    const got = (await get(Q)).descriptor;
    expect(got.UserIdentifier).toBe('origin');
    expect(got.PutApplName).not.toBe('elsewhere');
  });

  test('is passed on only from a handle that kept it: 2097', async () => {
    await client.call('open', { object: 'out', name: Q, options: ['OUTPUT', 'PASS_ALL_CONTEXT'] });
    const passing = { object: 'out', body: 'b', options: ['PASS_ALL_CONTEXT'] };
    expect(await client.reason('put', passing)).toBe(2097);
  });

  test('NO_CONTEXT leaves it blank', async () => {
    await put(Q, 'a', { options: ['NO_CONTEXT'] });
    expect((await get(Q)).descriptor).toMatchObject({ UserIdentifier: '', PutApplName: '', PutApplType: 0 });
  });
});

describe('a dead-letter header', () => {
  test('is data: it arrives as it was put, and says why and whither', async () => {
    const body = 'the message';
    await client.call('deadLetter', { object: 'CONF.FIFO', body, destination: 'CONF.NO.SUCH', reason: 2085 });
    const message = await client.call('getDeadLetter', { object: 'CONF.FIFO' });
    expect(message).toMatchObject({
      body,
      format: 'MQDEAD',
      header: { Reason: 2085, DestQName: 'CONF.NO.SUCH', Format: 'MQSTR' },
    });
  });
});
