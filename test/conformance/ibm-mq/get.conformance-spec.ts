import { identifier, type MqClient, queueManagerUnderTest } from './under-test.js';

const queueManager = queueManagerUnderTest();
const Q = 'CONF.QUEUE';
const FIFO = 'CONF.FIFO';

let client: MqClient;
beforeEach(async () => {
  client = await queueManager.connected();
  for (const name of [Q, FIFO]) {
    await client.call('open', { name, options: ['OUTPUT', 'INPUT_SHARED', 'BROWSE'] });
  }
});

const put = (object: string, body: string, more: Record<string, unknown> = {}) =>
  client.call('put', { object, body, ...more });
const get = (object: string, more: Record<string, unknown> = {}) => client.call('get', { object, ...more });
async function bodies(object: string, count: number): Promise<string[]> {
  const found: string[] = [];
  for (let i = 0; i < count; i++) found.push((await get(object)).body as string);
  return found;
}

describe('MQGET', () => {
  test.each([
    ['two places to browse', { options: ['BROWSE_FIRST', 'BROWSE_NEXT'] }, 2046],
    ['browsing in syncpoint', { options: ['BROWSE_FIRST', 'SYNCPOINT'] }, 2046],
    ['in syncpoint and out of it', { options: ['SYNCPOINT', 'NO_SYNCPOINT'] }, 2046],
    ['properties in a handle there is not', { options: ['PROPERTIES_IN_HANDLE'] }, 2460],
    ['the message under no cursor', { options: ['MSG_UNDER_CURSOR'] }, 2034],
    ['a wait interval below -1', { options: ['WAIT'], wait: -2 }, 2090],
    ['an empty queue', {}, 2033],
  ])('%s: %j', async (_, args, reason) => {
    expect(await client.reason('get', { object: Q, ...args })).toBe(reason);
  });
});

describe('order', () => {
  test('messages of one priority come in the order in which they were put', async () => {
    for (let i = 0; i < 20; i++) await put(Q, String(i));
    expect(await bodies(Q, 20)).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
  });

  test('higher priorities come first, each in order', async () => {
    for (const [body, Priority] of [
      ['low', 0],
      ['high 1', 9],
      ['middle', 5],
      ['high 2', 9],
    ] as const) {
      await put(Q, body, { descriptor: { Priority } });
    }
    expect(await bodies(Q, 4)).toEqual(['high 1', 'high 2', 'middle', 'low']);
  });

  test('with MSGDLVSQ(FIFO) priorities mean nothing', async () => {
    await put(FIFO, 'first', { descriptor: { Priority: 0 } });
    await put(FIFO, 'second', { descriptor: { Priority: 9 } });
    expect(await bodies(FIFO, 2)).toEqual(['first', 'second']);
  });
});

describe('matching', () => {
  beforeEach(async () => {
    for (const name of ['a', 'b', 'c']) {
      const CorrelId = identifier(name === 'a' ? 'x' : 'y');
      await put(FIFO, name, { descriptor: { MsgId: identifier(name), CorrelId } });
    }
  });
  const matching = (match: string[], descriptor: object) => ({ object: FIFO, match, descriptor });

  test('by message identifier', async () => {
    const wanted = matching(['MATCH_MSG_ID'], { MsgId: identifier('b') });
    expect((await client.call('get', wanted)).body).toBe('b');
    expect(await client.reason('get', wanted)).toBe(2033);
  });

  test('by correlation identifier', async () => {
    const wanted = matching(['MATCH_CORREL_ID'], { CorrelId: identifier('y') });
    expect((await client.call('get', wanted)).body).toBe('b');
    expect((await client.call('get', wanted)).body).toBe('c');
    expect(await client.reason('get', wanted)).toBe(2033);
  });

  test('by both at once', async () => {
    const both = ['MATCH_MSG_ID', 'MATCH_CORREL_ID'];
    const none = matching(both, { MsgId: identifier('a'), CorrelId: identifier('y') });
    expect(await client.reason('get', none)).toBe(2033);
    const one = matching(both, { MsgId: identifier('c'), CorrelId: identifier('y') });
    expect((await client.call('get', one)).body).toBe('c');
  });

  test('an identifier of zeros matches any', async () => {
    const any = matching(['MATCH_MSG_ID'], { MsgId: '00'.repeat(24) });
    expect((await client.call('get', any)).body).toBe('a');
  });

  test('without a match option identifiers in the descriptor mean nothing', async () => {
    expect((await client.call('get', matching([], { MsgId: identifier('z') }))).body).toBe('a');
  });
});

describe('waiting', () => {
  test('ends with 2033 after the wait interval', async () => {
    expect(await client.reason('get', { object: Q, options: ['WAIT'], wait: 20 })).toBe(2033);
  });

  test('ends with a message that is put meanwhile', async () => {
    const waiting = get(Q, { options: ['WAIT'], wait: 20_000 });
    const other = await queueManager.connected();
    await other.call('put1', { name: Q, body: 'at last' });
    expect((await waiting).body).toBe('at last');
  });

  test('ends only with a message that matches', async () => {
    const waiting = get(Q, {
      options: ['WAIT'],
      wait: 20_000,
      match: ['MATCH_CORREL_ID'],
      descriptor: { CorrelId: identifier('2') },
    });
    const other = await queueManager.connected();
    await other.call('put1', { name: Q, body: 'one', descriptor: { CorrelId: identifier('1') } });
    await other.call('put1', { name: Q, body: 'two', descriptor: { CorrelId: identifier('2') } });
    expect((await waiting).body).toBe('two');
    expect((await get(Q)).body).toBe('one');
  });

  test('a message put in syncpoint is had when it is committed', async () => {
    const waiting = get(Q, { options: ['WAIT'], wait: 20_000 });
    const other = await queueManager.connected();
    await other.call('put1', { name: Q, body: 'backed out', options: ['SYNCPOINT'] });
    await other.call('backout');
    await other.call('put1', { name: Q, body: 'committed', options: ['SYNCPOINT'] });
    await other.call('commit');
    expect((await waiting).body).toBe('committed');
  });

  test('one message ends one wait', async () => {
    const second = await queueManager.connected();
    await second.call('open', { name: Q, options: ['INPUT_SHARED'] });
    const putter = await queueManager.connected();
    const wait = (waiter: MqClient) =>
      waiter.call('get', { object: Q, options: ['NO_SYNCPOINT', 'WAIT'], wait: 30_000 });
    const waits = [wait(client), wait(second)];
    await putter.call('put1', { name: Q, body: 'a' });
    expect((await Promise.race(waits)).body).toBe('a');
    await putter.call('put1', { name: Q, body: 'b' });
    const got = (await Promise.all(waits)).map((message) => message.body as string);
    expect(new Set(got)).toEqual(new Set(['a', 'b']));
  });

  test('ends with 2016 when gets are inhibited meanwhile', async () => {
    const waiting = client.reason('get', { object: Q, options: ['WAIT'], wait: 20_000 });
    const other = await queueManager.connected();
    await other.call('open', { name: Q, options: ['SET'] });
    await other.call('set', { object: Q, values: { MQIA_INHIBIT_GET: 1 } });
    expect(await waiting).toBe(2016);
  });
});

describe('a buffer that is too small', () => {
  beforeEach(() => put(FIFO, 'a long message'));

  test('2080 as a warning with what fits and the whole length; the message stays', async () => {
    const cut = { warning: 2080, body: 'a long', length: 14 };
    expect(await get(FIFO, { bufferLength: 6 })).toMatchObject(cut);
    expect(await get(FIFO, { bufferLength: 14 })).toMatchObject({ warning: 0, body: 'a long message' });
  });

  test('with ACCEPT_TRUNCATED_MSG 2079 as a warning; the message is gone', async () => {
    const accepted = { bufferLength: 6, options: ['ACCEPT_TRUNCATED_MSG'] };
    expect(await get(FIFO, accepted)).toMatchObject({ warning: 2079, body: 'a long', length: 14 });
    expect(await client.reason('get', { object: FIFO })).toBe(2033);
  });

  test('in syncpoint 2080 leaves the message out of the unit of work', async () => {
    await get(FIFO, { bufferLength: 6, options: ['SYNCPOINT'] });
    await client.call('backout');
    expect((await get(FIFO)).descriptor.BackoutCount).toBe(0);
  });
});

describe('browsing', () => {
  const browse = (...options: string[]) => get(FIFO, { options }).then((message) => message.body as string);
  beforeEach(async () => {
    for (const body of ['a', 'b', 'c']) await put(FIFO, body);
  });

  test('leaves messages where they are', async () => {
    expect(await browse('BROWSE_FIRST')).toBe('a');
    expect(await browse('BROWSE_FIRST')).toBe('a');
    expect(await bodies(FIFO, 3)).toEqual(['a', 'b', 'c']);
  });

  test('next begins with the first, and first goes back to it', async () => {
    expect(await browse('BROWSE_NEXT')).toBe('a');
    expect(await browse('BROWSE_NEXT')).toBe('b');
    expect(await browse('BROWSE_FIRST')).toBe('a');
    expect(await browse('BROWSE_NEXT')).toBe('b');
  });

  test('under the cursor is the message that was browsed last', async () => {
    await browse('BROWSE_FIRST');
    await browse('BROWSE_NEXT');
    expect(await browse('BROWSE_MSG_UNDER_CURSOR')).toBe('b');
    expect(await browse('MSG_UNDER_CURSOR')).toBe('b');
    expect(await client.reason('get', { object: FIFO, options: ['MSG_UNDER_CURSOR'] })).toBe(2034);
    expect(await client.reason('get', { object: FIFO, options: ['BROWSE_MSG_UNDER_CURSOR'] })).toBe(2034);
    expect(await browse('BROWSE_NEXT')).toBe('c');
  });

  test('the message under the cursor may be taken in syncpoint and returns to its place', async () => {
    await browse('BROWSE_FIRST');
    await browse('BROWSE_NEXT');
    expect(await browse('MSG_UNDER_CURSOR', 'SYNCPOINT')).toBe('b');
    await client.call('backout');
    expect(await bodies(FIFO, 3)).toEqual(['a', 'b', 'c']);
  });

  test('the end of the queue is 2033, until another message arrives', async () => {
    for (let i = 0; i < 3; i++) await browse('BROWSE_NEXT');
    expect(await client.reason('get', { object: FIFO, options: ['BROWSE_NEXT'] })).toBe(2033);
    await put(FIFO, 'd');
    expect(await browse('BROWSE_NEXT')).toBe('d');
  });

  test('each handle has its own cursor', async () => {
    await client.call('open', { object: 'other', name: FIFO, options: ['BROWSE'] });
    await browse('BROWSE_NEXT');
    await browse('BROWSE_NEXT');
    expect((await get('other', { options: ['BROWSE_NEXT'] })).body).toBe('a');
  });

  test('goes from the higher priority to the lower', async () => {
    for (const [body, Priority] of [
      ['low', 1],
      ['high', 8],
      ['low 2', 1],
    ] as const) {
      await put(Q, body, { descriptor: { Priority } });
    }
    const found: string[] = [];
    for (let i = 0; i < 3; i++) found.push((await get(Q, { options: ['BROWSE_NEXT'] })).body as string);
    expect(found).toEqual(['high', 'low', 'low 2']);
  });

  test('does not see what is uncommitted', async () => {
    const other = await queueManager.connected();
    await other.call('open', { name: FIFO, options: ['INPUT_SHARED'] });
    await other.call('get', { object: FIFO, options: ['SYNCPOINT'] });
    expect(await browse('BROWSE_FIRST')).toBe('b');
    await other.call('backout');
    expect(await browse('BROWSE_FIRST')).toBe('a');
  });
});

describe('expiry', () => {
  test('an expired message is gone, another tells the time it has left', async () => {
    await put(FIFO, 'short', { descriptor: { Expiry: 1 } });
    await put(FIFO, 'long', { descriptor: { Expiry: 6000 } });
    // A get that nothing matches takes as long as the shorter one lives.
    await client.reason('get', {
      object: FIFO,
      options: ['WAIT'],
      wait: 300,
      match: ['MATCH_MSG_ID'],
      descriptor: { MsgId: identifier('?') },
    });
    const message = await get(FIFO);
    expect(message.body).toBe('long');
    expect(message.descriptor.Expiry).toBeGreaterThan(0);
    expect(message.descriptor.Expiry).toBeLessThan(6000);
  });

  test('a message without one says so', async () => {
    await put(FIFO, 'a');
    expect((await get(FIFO)).descriptor.Expiry).toBe(-1);
  });
});

describe('conversion of text', () => {
  const toUtf8 = { options: ['CONVERT'], descriptor: { CodedCharSetId: 1208 } };
  const BIG_ENDIAN = 273;
  const text = (hex: string, CodedCharSetId: number, more = {}) =>
    client.call('put', { object: FIFO, hex, descriptor: { Format: 'MQSTR', CodedCharSetId, ...more } });
  const utf8 = (body: string) => Buffer.from(body, 'latin1').toString('utf8');

  test.each([
    ['EBCDIC', 500, 'c8859393964f', {}, 'Hello!'],
    ['Latin 1', 819, '4be46e67757275', {}, 'Känguru'],
    ['UTF-16', 1200, '20ac0031', { Encoding: BIG_ENDIAN }, '€1'],
    ['Windows Latin 1', 1252, '4185', {}, 'A…'],
  ])('from %s (CCSID %i)', async (_, ccsid, hex, more, expected) => {
    await text(hex, ccsid, more);
    const message = await get(FIFO, toUtf8);
    expect(utf8(message.body)).toBe(expected);
    expect(message).toMatchObject({ warning: 0, descriptor: { CodedCharSetId: 1208 } });
  });

  test('to the character set that the program asks for', async () => {
    await text('48c3a4', 1208);
    const message = await get(FIFO, { options: ['CONVERT'], descriptor: { CodedCharSetId: 819 } });
    expect(message).toMatchObject({ body: 'Hä', descriptor: { CodedCharSetId: 819 } });
  });

  test('from an unknown character set: 2111 as a warning, with the text as it was', async () => {
    await text('41', 4711);
    expect(await get(FIFO, toUtf8)).toMatchObject({
      warning: 2111,
      body: 'A',
      descriptor: { CodedCharSetId: 4711 },
    });
  });

  test('to an unknown character set: 2115 as a warning, with the text as it was', async () => {
    await text('41', 819);
    const message = await get(FIFO, { options: ['CONVERT'], descriptor: { CodedCharSetId: 4711 } });
    expect(message).toMatchObject({ warning: 2115, body: 'A', descriptor: { CodedCharSetId: 819 } });
  });

  test('of a message without a format: 2110 as a warning when it would have to be converted', async () => {
    await text('e4', 819, { Format: '' });
    expect(await get(FIFO, toUtf8)).toMatchObject({
      warning: 2110,
      body: 'ä',
      descriptor: { CodedCharSetId: 819 },
    });
    await text('41', 1208, { Format: '' });
    expect(await get(FIFO, toUtf8)).toMatchObject({ warning: 0, body: 'A' });
  });

  test('is not done without CONVERT', async () => {
    await text('e4', 819);
    expect(await get(FIFO)).toMatchObject({ body: 'ä', descriptor: { CodedCharSetId: 819 } });
  });
});
