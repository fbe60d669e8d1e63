import { type MqClient, queueManagerUnderTest } from './under-test.js';

const queueManager = queueManagerUnderTest();
const Q = 'CONF.QUEUE';
const properties = { ce_id: 'a<b>&c', attempt: 42, paid: true, raw: { hex: '646566' }, nothing: null };
const INTEGER_REVERSED = 2;

let client: MqClient;
beforeEach(async () => {
  client = await queueManager.connected();
  await open(Q);
});

const open = (name: string) =>
  client.call('open', { name, options: ['OUTPUT', 'INPUT_SHARED', 'BROWSE', 'INQUIRE'] });
const put = (object: string, body: string, more: Record<string, unknown> = {}) =>
  client.call('put', { object, body, descriptor: { Format: 'MQSTR', CodedCharSetId: 1208 }, ...more });
const get = (object: string, more: Record<string, unknown> = {}) => client.call('get', { object, ...more });

interface Element {
  dt: string | undefined;
  nil: boolean;
  text: string;
}

/** The folder "usr" of the MQRFH2 that a message begins with, and what follows the header. */
function readHeader(message: { body: string; descriptor: { Encoding: number } }) {
  const data = Buffer.from(message.body, 'latin1');
  expect(data.toString('latin1', 0, 4)).toBe('RFH ');
  const littleEndian = (message.descriptor.Encoding & 0xf) === INTEGER_REVERSED;
  const int = (offset: number) => (littleEndian ? data.readInt32LE(offset) : data.readInt32BE(offset));
  expect(int(4)).toBe(2);
  const [, folder = ''] = /<usr[^>]*>(.*?)<\/usr>/s.exec(data.toString('utf8', 36, int(8))) ?? [];
  const usr: Record<string, Element> = {};
  for (const [, name, attributes, text] of folder.matchAll(/<(\w+)([^>]*?)(?:\/>|>(.*?)<\/\1>)/gs)) {
    usr[name!] = {
      dt: /\bdt=["'](.*?)["']/.exec(attributes!)?.[1],
      nil: /\bxsi:nil=["']true["']/.test(attributes!),
      text: (text ?? '').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&'),
    };
  }
  return { usr, format: data.toString('latin1', 20, 28).trimEnd(), rest: data.toString('utf8', int(8)) };
}

describe('message properties', () => {
  test('go with the message from handle to handle, with their types', async () => {
    await put(Q, 'body', { properties });
    const message = await get(Q, { handle: true, options: ['PROPERTIES_IN_HANDLE'] });
    expect(message.properties).toEqual(properties);
    expect(message).toMatchObject({ body: 'body', descriptor: { Format: 'MQSTR' } });
  });

  test('a message without them fills the handle with none', async () => {
    await put(Q, 'body');
    expect(await get(Q, { handle: true })).toMatchObject({ body: 'body', properties: {} });
  });

  test('survive a backout', async () => {
    await put(Q, 'body', { properties });
    await get(Q, { handle: true, options: ['SYNCPOINT'] });
    await client.call('backout');
    expect((await get(Q, { handle: true })).properties).toEqual(properties);
  });

  test('are seen by a program that browses', async () => {
    await put(Q, 'body', { properties });
    expect((await get(Q, { handle: true, options: ['BROWSE_FIRST'] })).properties).toEqual(properties);
    expect((await get(Q, { handle: true })).properties).toEqual(properties);
  });

  test.each(['1a', 'a b', 'a..b', 'a.', 'JMSFoo', 'usr.JMSFoo', 'AND', 'between', 'Body.x', 'Root.x'])(
    'the name %p is refused: 2442',
    async (name) => {
      expect(await client.reason('put', { object: Q, body: 'x', properties: { [name]: '1' } })).toBe(2442);
    },
  );

  test.each(['a', '_a', '$a', 'a1', 'a.b', 'Überschrift', 'ANDY'])('the name %p is allowed', async (name) => {
    expect(await client.reason('put', { object: Q, body: 'x', properties: { [name]: '1' } })).toBe(0);
  });
});

describe('a program without a message handle', () => {
  test('gets properties as an MQRFH2 in front of the data', async () => {
    await put(Q, 'body', { properties });
    const message = await get(Q);
    expect(message.descriptor.Format).toBe('MQHRF2');
    const { usr, format, rest } = readHeader(message);
    expect(usr.ce_id).toMatchObject({ text: 'a<b>&c' });
    expect(usr.attempt).toMatchObject({ dt: 'i4', text: '42' });
    expect(usr.paid).toMatchObject({ dt: 'boolean', text: expect.stringMatching(/^(1|true)$/i) });
    expect(usr.raw).toMatchObject({ dt: 'bin.hex', text: '646566' });
    expect(usr.nothing).toMatchObject({ nil: true });
    expect({ format, rest }).toEqual({ format: 'MQSTR', rest: 'body' });
  });

  test('gets the data alone with NO_PROPERTIES', async () => {
    await put(Q, 'body', { properties });
    const message = await get(Q, { options: ['NO_PROPERTIES'] });
    expect(message).toMatchObject({ body: 'body', descriptor: { Format: 'MQSTR' } });
  });

  test('gets the data alone from a queue with PROPCTL(NONE)', async () => {
    await open('CONF.PROPCTL.NONE');
    await put('CONF.PROPCTL.NONE', 'body', { properties });
    const message = await get('CONF.PROPCTL.NONE');
    expect(message).toMatchObject({ body: 'body', descriptor: { Format: 'MQSTR' } });
  });

  test('gets an MQRFH2 from a queue with PROPCTL(ALL)', async () => {
    await open('CONF.PROPCTL.ALL');
    await put('CONF.PROPCTL.ALL', 'body', { properties: { a: '1' } });
    expect(readHeader(await get('CONF.PROPCTL.ALL'))).toMatchObject({
      usr: { a: { text: '1' } },
      rest: 'body',
    });
  });

  test('may write properties as an MQRFH2', async () => {
    await put(Q, 'body', { properties });
    const { body, descriptor } = await get(Q);
    const { Format, CodedCharSetId, Encoding } = descriptor;
    const hex = Buffer.from(body, 'latin1').toString('hex');
    await client.call('put', { object: Q, hex, descriptor: { Format, CodedCharSetId, Encoding } });
    const message = await get(Q, { handle: true, options: ['PROPERTIES_IN_HANDLE'] });
    expect(message.properties).toEqual(properties);
    expect(message).toMatchObject({ body: 'body', descriptor: { Format: 'MQSTR' } });
  });
});

test('PROPCTL(FORCE) makes an MQRFH2 even for a program with a handle', async () => {
  await open('CONF.PROPCTL.FORCE');
  await put('CONF.PROPCTL.FORCE', 'body', { properties: { a: '1' } });
  const message = await get('CONF.PROPCTL.FORCE', { handle: true });
  expect(message.properties).toEqual({});
  expect(readHeader(message)).toMatchObject({ usr: { a: { text: '1' } }, rest: 'body' });
});

describe('a selection string', () => {
  const selection = "region = 'eu' AND total >= 100";
  const select = (object: string, text: string) =>
    client.reason('open', { object, name: Q, options: ['INPUT_SHARED', 'BROWSE'], selection: text });
  beforeEach(async () => {
    for (const [body, region, total] of [
      ['a', 'eu', 50],
      ['b', 'us', 200],
      ['c', 'eu', 200],
    ] as const) {
      await put(Q, body, { properties: { region, total } });
    }
  });

  test('lets a handle see only the messages whose properties it describes', async () => {
    await select('eu', selection);
    expect((await get('eu', { options: ['BROWSE_FIRST', 'NO_PROPERTIES'] })).body).toBe('c');
    expect((await get('eu', { handle: true })).body).toBe('c');
    expect(await client.reason('get', { object: 'eu' })).toBe(2033);
    expect((await get(Q, { handle: true })).body).toBe('a');
  });

  test('is waited for', async () => {
    await select('asia', "region = 'asia'");
    const waiting = get('asia', { handle: true, options: ['WAIT'], wait: 20_000 });
    const other = await queueManager.connected();
    await other.call('put1', { name: Q, body: 'd', properties: { region: 'us' } });
    await other.call('put1', { name: Q, body: 'e', properties: { region: 'asia' } });
    expect((await waiting).body).toBe('e');
  });

  test('that cannot be read: 2459', async () => {
    expect(await select('wrong', 'region =')).toBe(2459);
  });
});
