import { Harness } from './harness.js';
import type { MqClient } from './mq-client.js';

const mqsc = `
DEFINE QLOCAL(Q) DEFPSIST(YES) MAXMSGL(1000) MAXDEPTH(10) REPLACE
DEFINE QLOCAL(SMALL) MAXDEPTH(2) REPLACE
DEFINE QLOCAL(FIFO) MSGDLVSQ(FIFO) REPLACE
DEFINE QLOCAL(NOSHARE) NOSHARE DEFSOPT(EXCL) REPLACE
DEFINE QLOCAL(FORCED) PROPCTL(FORCE) REPLACE
DEFINE QLOCAL(STRIPPED) PROPCTL(NONE) REPLACE
DEFINE QALIAS(ALIAS) TARGET(Q) PUT(ENABLED) REPLACE
DEFINE QALIAS(CLOSED) TARGET(Q) PUT(DISABLED) GET(DISABLED) REPLACE
DEFINE QALIAS(DANGLING) TARGET(NOT.THERE) REPLACE
DEFINE QALIAS(TWICE) TARGET(ALIAS) REPLACE
ALTER QMGR DEADQ(SYSTEM.DEAD.LETTER.QUEUE)
`;
const id = (text: string) => Buffer.alloc(24, text).toString('hex');

let harness: Harness;
let client: MqClient;

beforeEach(async () => {
  harness = await Harness.start({ mqsc });
  client = await harness.connected();
});
afterEach(() => harness.close());

const open = (name: string, options = ['OUTPUT', 'INPUT_SHARED', 'BROWSE', 'INQUIRE', 'SET']) =>
  client.call('open', { name, options });
const put = (object: string, body: string, more: Record<string, unknown> = {}) =>
  client.call('put', { object, body, ...more });
const get = (object: string, more: Record<string, unknown> = {}) => client.call('get', { object, ...more });

describe('MQOPEN', () => {
  test.each([
    ['an unknown queue', { name: 'NO.SUCH', options: ['OUTPUT'] }, 2085],
    ['another queue manager', { name: 'Q', queueManager: 'QM2', options: ['OUTPUT'] }, 2087],
    ['no access asked for', { name: 'Q', options: ['FAIL_IF_QUIESCING'] }, 2046],
    ['two ways of input', { name: 'Q', options: ['INPUT_SHARED', 'INPUT_EXCLUSIVE'] }, 2046],
    ['the queue manager for output', { type: 'Q_MGR', options: ['OUTPUT'] }, 2045],
    ['an alias of nothing', { name: 'DANGLING', options: ['OUTPUT'] }, 2082],
    ['an alias of an alias', { name: 'TWICE', options: ['OUTPUT'] }, 2001],
    ['a process', { name: 'P', type: 'PROCESS', options: ['INQUIRE'] }, 2298],
    ['a topic', { name: 'T', type: 'TOPIC', options: ['OUTPUT'] }, 2298],
  ])('%s', async (_, args, reason) => {
    expect(await client.reason('open', args)).toBe(reason);
  });

  test('an alias resolves to its queue', async () => {
    expect(await open('ALIAS')).toEqual({ resolved: 'Q' });
  });

  test('a handle serves only what it was opened for', async () => {
    await open('Q', ['OUTPUT']);
    expect(await client.reason('get', { object: 'Q' })).toBe(2037);
    expect(await client.reason('get', { object: 'Q', options: ['BROWSE_FIRST'] })).toBe(2036);
    expect(await client.reason('inquire', { object: 'Q', selectors: ['MQCA_Q_NAME'] })).toBe(2038);
    expect(await client.reason('set', { object: 'Q', values: { MQIA_INHIBIT_PUT: 1 } })).toBe(2040);
    await client.call('open', { object: 'in', name: 'Q', options: ['INPUT_SHARED'] });
    expect(await client.reason('put', { object: 'in', body: 'x' })).toBe(2039);
    await client.call('close', { object: 'in' });
    expect(await client.reason('put', { object: 'in', body: 'x' })).toBe(2019);
  });

  test('exclusive input keeps others out until it is closed', async () => {
    await client.call('open', { object: 'mine', name: 'Q', options: ['INPUT_EXCLUSIVE'] });
    expect(await client.reason('open', { name: 'Q', options: ['INPUT_SHARED'] })).toBe(2042);
    await client.call('close', { object: 'mine' });
    await client.call('open', { object: 'shared', name: 'Q', options: ['INPUT_SHARED'] });
    expect(await client.reason('open', { name: 'Q', options: ['INPUT_EXCLUSIVE'] })).toBe(2042);
    await client.call('open', { name: 'NOSHARE', options: ['INPUT_AS_Q_DEF'] });
    expect(await client.reason('open', { object: 'b', name: 'NOSHARE', options: ['INPUT_AS_Q_DEF'] })).toBe(
      2042,
    );
  });
});

describe('MQPUT', () => {
  test.each([
    ['a message longer than the queue takes', { size: 1001 }, 2030],
    ['a negative priority', { descriptor: { Priority: -7 } }, 2050],
    ['an unknown persistence', { descriptor: { Persistence: 9 } }, 2047],
    ['an expiry of nothing', { descriptor: { Expiry: 0 } }, 2013],
    ['a message type of nothing', { descriptor: { MsgType: 0 } }, 2029],
    ['a request without a reply queue', { descriptor: { MsgType: 1 } }, 2027],
    ['syncpoint and no syncpoint', { options: ['SYNCPOINT', 'NO_SYNCPOINT'] }, 2046],
    ['a group', { descriptor: { MsgFlags: 8 } }, 2298],
    ['a report that is not sent here', { descriptor: { Report: 0x100 } }, 2298],
    ['context of a handle that is not open for it', { options: ['SET_ALL_CONTEXT'] }, 2095],
  ])('%s', async (_, args, reason) => {
    await open('Q');
    expect(await client.reason('put', { object: 'Q', body: 'x', ...args })).toBe(reason);
  });

  test('longer than the queue manager takes', async () => {
    harness.queueManager.mqsc('ALTER QMGR MAXMSGL(32768)\nALTER QLOCAL(Q) MAXMSGL(100000)');
    await open('Q');
    expect(await client.reason('put', { object: 'Q', size: 32_769 })).toBe(2031);
    expect(await client.reason('put', { object: 'Q', size: 32_768 })).toBe(0);
  });

  test('identifiers are made when missing and kept when given', async () => {
    await open('Q');
    const first = (await put('Q', 'a')).descriptor;
    const second = (await put('Q', 'b')).descriptor;
    expect(first.MsgId).not.toBe(second.MsgId);
    expect(Buffer.from(first.MsgId, 'hex').toString('latin1', 0, 7)).toBe('AMQ QM1');
    const given = await put('Q', 'c', { descriptor: { MsgId: id('m'), CorrelId: id('c') } });
    expect(given.descriptor).toMatchObject({ MsgId: id('m'), CorrelId: id('c') });
    const replaced = await put('Q', 'd', {
      descriptor: { MsgId: id('m') },
      options: ['NEW_MSG_ID', 'NEW_CORREL_ID'],
    });
    expect(replaced.descriptor.MsgId).not.toBe(id('m'));
    expect(replaced.descriptor.CorrelId).not.toBe('0'.repeat(48));
  });

  test('a full queue', async () => {
    await open('SMALL');
    await put('SMALL', 'a');
    await put('SMALL', 'b');
    expect(await client.reason('put', { object: 'SMALL', body: 'c' })).toBe(2053);
    await get('SMALL');
    expect(await client.reason('put', { object: 'SMALL', body: 'c' })).toBe(0);
  });

  test('inhibited puts and gets', async () => {
    await open('Q');
    await client.call('set', { object: 'Q', values: { MQIA_INHIBIT_PUT: 1, MQIA_INHIBIT_GET: 1 } });
    expect(await client.reason('put', { object: 'Q', body: 'x' })).toBe(2051);
    expect(await client.reason('put1', { name: 'Q', body: 'x' })).toBe(2051);
    expect(await client.reason('get', { object: 'Q' })).toBe(2016);
    await open('CLOSED', ['OUTPUT', 'INPUT_SHARED']);
    await client.call('set', { object: 'Q', values: { MQIA_INHIBIT_PUT: 0, MQIA_INHIBIT_GET: 0 } });
    expect(await client.reason('put', { object: 'CLOSED', body: 'x' })).toBe(2051);
    expect(await client.reason('get', { object: 'CLOSED' })).toBe(2016);
    expect(await client.reason('put', { object: 'Q', body: 'x' })).toBe(0);
  });

  test('context can be set', async () => {
    await client.call('open', { object: 'out', name: 'Q', options: ['OUTPUT', 'SET_ALL_CONTEXT'] });
    const context = {
      UserIdentifier: 'origin',
      PutApplName: 'elsewhere',
      PutDate: '20200131',
      PutTime: '12345678',
    };
    await client.call('put', { object: 'out', body: 'a', options: ['SET_ALL_CONTEXT'], descriptor: context });
    await open('Q');
    expect((await get('Q')).descriptor).toMatchObject(context);
  });
});

describe('MQGET', () => {
  test('an empty queue, at once or after the wait interval', async () => {
    await open('Q');
    expect(await client.reason('get', { object: 'Q' })).toBe(2033);
    expect(await client.reason('get', { object: 'Q', options: ['WAIT'], wait: 20 })).toBe(2033);
    expect(await client.reason('get', { object: 'Q', options: ['WAIT'], wait: -2 })).toBe(2090);
  });

  test.each([
    ['logical order', { options: ['LOGICAL_ORDER'] }, 2298],
    ['two places to browse', { options: ['BROWSE_FIRST', 'BROWSE_NEXT'] }, 2046],
    ['browsing under syncpoint', { options: ['BROWSE_FIRST', 'SYNCPOINT'] }, 2046],
    ['properties in a handle there is not', { options: ['PROPERTIES_IN_HANDLE'] }, 2460],
    ['the message under no cursor', { options: ['MSG_UNDER_CURSOR'] }, 2034],
  ])('%s', async (_, args, reason) => {
    await open('Q');
    expect(await client.reason('get', { object: 'Q', ...args })).toBe(reason);
  });

  test('by message and correlation identifier', async () => {
    await open('FIFO');
    for (const name of ['a', 'b', 'c']) {
      await put('FIFO', name, { descriptor: { MsgId: id(name), CorrelId: id(name === 'a' ? 'x' : 'y') } });
    }
    const matching = (match: string[], descriptor: object) => get('FIFO', { match, descriptor });
    expect((await matching(['MATCH_MSG_ID'], { MsgId: id('b') })).body).toBe('b');
    expect((await matching(['MATCH_CORREL_ID'], { CorrelId: id('y') })).body).toBe('c');
    const none = { object: 'FIFO', match: ['MATCH_CORREL_ID'], descriptor: { CorrelId: id('y') } };
    expect(await client.reason('get', none)).toBe(2033);
    // Without a match option the identifiers in the descriptor mean nothing.
    expect((await matching([], { MsgId: id('z') })).body).toBe('a');
  });

  test('a waiting get takes only what matches', async () => {
    await open('Q');
    const waiting = get('Q', {
      options: ['WAIT'],
      wait: 20_000,
      match: ['MATCH_CORREL_ID'],
      descriptor: { CorrelId: id('2') },
    });
    const other = await harness.connected();
    await other.call('put1', { name: 'Q', body: 'one', descriptor: { CorrelId: id('1') } });
    await other.call('put1', { name: 'Q', body: 'two', descriptor: { CorrelId: id('2') } });
    expect((await waiting).body).toBe('two');
  });

  test('browsing: first, next, under the cursor, and getting what is under it', async () => {
    await open('FIFO');
    for (const body of ['a', 'b', 'c']) await put('FIFO', body);
    const browse = (...options: string[]) => get('FIFO', { options }).then((message) => message.body);
    expect(await browse('BROWSE_NEXT')).toBe('a');
    expect(await browse('BROWSE_NEXT')).toBe('b');
    expect(await browse('BROWSE_MSG_UNDER_CURSOR')).toBe('b');
    expect(await browse('BROWSE_FIRST')).toBe('a');
    expect(await browse('BROWSE_NEXT')).toBe('b');
    expect(await browse('MSG_UNDER_CURSOR')).toBe('b');
    expect(await client.reason('get', { object: 'FIFO', options: ['MSG_UNDER_CURSOR'] })).toBe(2034);
    expect(await browse('BROWSE_NEXT')).toBe('c');
    expect(await client.reason('get', { object: 'FIFO', options: ['BROWSE_NEXT'] })).toBe(2033);
    await put('FIFO', 'd');
    expect(await browse('BROWSE_NEXT')).toBe('d');
    expect([await browse(), await browse(), await browse()]).toEqual(['a', 'c', 'd']);
  });

  test('browsing goes from the higher priority to the lower', async () => {
    await open('Q');
    for (const [body, Priority] of [
      ['low', 1],
      ['high', 8],
      ['low 2', 1],
    ] as const) {
      await put('Q', body, { descriptor: { Priority } });
    }
    const bodies: string[] = [];
    for (let i = 0; i < 3; i++) bodies.push((await get('Q', { options: ['BROWSE_NEXT'] })).body);
    expect(bodies).toEqual(['high', 'low', 'low 2']);
  });

  test('a message that does not fit', async () => {
    await open('FIFO');
    await put('FIFO', 'a long message');
    expect(await get('FIFO', { bufferLength: 6 })).toMatchObject({
      warning: 2080,
      body: 'a long',
      length: 14,
    });
    const accepted = { bufferLength: 6, options: ['ACCEPT_TRUNCATED_MSG'] };
    expect(await get('FIFO', accepted)).toMatchObject({ warning: 2079, body: 'a long', length: 14 });
    expect(await client.reason('get', { object: 'FIFO' })).toBe(2033);
  });

  test('FIFO delivery ignores priorities', async () => {
    await open('FIFO');
    await put('FIFO', 'first', { descriptor: { Priority: 0 } });
    await put('FIFO', 'second', { descriptor: { Priority: 9 } });
    expect((await get('FIFO')).body).toBe('first');
  });

  test('an expired message is gone, an unexpired one tells the time it has left', async () => {
    await open('Q');
    await put('Q', 'short', { descriptor: { Expiry: 1 } });
    await put('Q', 'long', { descriptor: { Expiry: 6000 } });
    await client.reason('get', {
      object: 'Q',
      options: ['WAIT'],
      wait: 150,
      match: ['MATCH_MSG_ID'],
      descriptor: { MsgId: id('?') },
    });
    const message = await get('Q');
    expect(message.body).toBe('long');
    expect(message.descriptor.Expiry).toBeGreaterThan(5900);
    expect(message.descriptor.Expiry).toBeLessThan(6000);
  });

  test('SYNCPOINT_IF_PERSISTENT takes only persistent messages into the unit of work', async () => {
    await open('FIFO');
    await put('FIFO', 'persistent', { descriptor: { Persistence: 1 } });
    await put('FIFO', 'not', { descriptor: { Persistence: 0 } });
    await get('FIFO', { options: ['SYNCPOINT_IF_PERSISTENT'] });
    await get('FIFO', { options: ['SYNCPOINT_IF_PERSISTENT'] });
    await client.call('backout');
    expect((await get('FIFO')).body).toBe('persistent');
    expect(await client.reason('get', { object: 'FIFO' })).toBe(2033);
  });
});

describe('text conversion', () => {
  const convert = { options: ['CONVERT'] };
  const text = (hex: string, CodedCharSetId: number, more = {}) =>
    client.call('put', { object: 'FIFO', hex, descriptor: { Format: 'MQSTR', CodedCharSetId, ...more } });
  const utf8 = (body: string) => Buffer.from(body, 'latin1').toString('utf8');

  beforeEach(() => open('FIFO'));

  test.each([
    ['EBCDIC', 500, 'c8859393964f', 'Hello!'],
    ['Latin 1', 819, '4be46e67757275', 'Känguru'],
    ['UTF-16 big-endian', 13_488, '20ac0031', '€1'],
    ['Windows', 1252, '80', '€'],
  ])('from %s', async (_, ccsid, hex, expected) => {
    await text(hex, ccsid);
    const message = await get('FIFO', convert);
    expect(utf8(message.body)).toBe(expected);
    expect(message).toMatchObject({ warning: 0, descriptor: { CodedCharSetId: 1208 } });
  });

  test('to the character set the caller asks for', async () => {
    await text('48c3a4', 1208);
    const message = await get('FIFO', { ...convert, descriptor: { CodedCharSetId: 819 } });
    expect(message).toMatchObject({ body: 'Hä', descriptor: { CodedCharSetId: 819 } });
  });

  test('an unknown character set is a warning, with the text as it was', async () => {
    await text('41', 4711);
    expect(await get('FIFO', convert)).toMatchObject({
      warning: 2111,
      body: 'A',
      descriptor: { CodedCharSetId: 4711 },
    });
    await text('41', 819);
    expect(await get('FIFO', { ...convert, descriptor: { CodedCharSetId: 4711 } })).toMatchObject({
      warning: 2115,
    });
    await text('e282ac', 1208);
    expect(await get('FIFO', { ...convert, descriptor: { CodedCharSetId: 819 } })).toMatchObject({
      warning: 2119,
    });
  });

  test('without CONVERT, and for other formats, nothing is changed', async () => {
    await text('e4', 819);
    expect((await get('FIFO')).body).toBe('ä');
    await text('e4', 819, { Format: '' });
    expect((await get('FIFO', convert)).body).toBe('ä');
  });
});

describe('properties', () => {
  const properties = { ce_id: 'a<b>&c', attempt: 42, paid: true, raw: { hex: '646566' }, nothing: null };
  const rfh2 = (message: { body: string }) => message.body.replaceAll('\u0000', ' ');

  test('go with the message from handle to handle, with their types', async () => {
    await open('Q');
    await put('Q', 'body', { properties, descriptor: { Format: 'MQSTR' } });
    const message = await get('Q', { handle: true, options: ['PROPERTIES_IN_HANDLE'] });
    expect(message.properties).toEqual(properties);
    expect(message).toMatchObject({ body: 'body', descriptor: { Format: 'MQSTR' } });
  });

  test('survive a backout and a restart', async () => {
    await open('Q');
    await put('Q', 'body', { properties });
    await get('Q', { handle: true, options: ['SYNCPOINT'] });
    await client.call('backout');
    await harness.restart();
    client = await harness.connected();
    await open('Q');
    expect((await get('Q', { handle: true })).properties).toEqual(properties);
  });

  test('reach a program without a handle as an MQRFH2 in front of the data', async () => {
    await open('Q');
    await put('Q', 'body', { properties, descriptor: { Format: 'MQSTR' } });
    const message = await get('Q');
    expect(message.descriptor).toMatchObject({ Format: 'MQHRF2', CodedCharSetId: 1208 });
    expect(rfh2(message)).toMatch(
      /^RFH .*MQSTR .*<usr><ce_id>a&lt;b&gt;&amp;c<\/ce_id><attempt dt='i4'>42<\/attempt>/,
    );
    expect(rfh2(message)).toContain(
      "<paid dt='boolean'>1</paid><raw dt='bin.hex'>646566</raw><nothing xsi:nil='true'>",
    );
    expect(message.body.endsWith('body')).toBe(true);
  });

  test('can be left out', async () => {
    for (const [object, options] of [
      ['Q', ['NO_PROPERTIES']],
      ['STRIPPED', []],
    ] as const) {
      await open(object);
      await put(object, 'body', { properties, descriptor: { Format: 'MQSTR' } });
      expect(await get(object, { options })).toMatchObject({ body: 'body', descriptor: { Format: 'MQSTR' } });
    }
  });

  test('PROPCTL(FORCE) makes a header even for a program with a handle', async () => {
    await open('FORCED');
    await put('FORCED', 'body', { properties: { a: '1' } });
    const message = await get('FORCED', { handle: true });
    expect(message.properties).toEqual({});
    expect(rfh2(message)).toContain('<usr><a>1</a></usr>');
  });

  test('are read from the MQRFH2 of a message', async () => {
    await open('Q');
    await put('Q', 'body', { properties, descriptor: { Format: 'MQSTR' } });
    const asHeader = await get('Q');
    const hex = Buffer.from(asHeader.body, 'latin1').toString('hex');
    await client.call('put', { object: 'Q', hex, descriptor: { Format: 'MQHRF2', CodedCharSetId: 1208 } });
    const message = await get('Q', { handle: true, options: ['PROPERTIES_IN_HANDLE'] });
    expect(message.properties).toEqual(properties);
    expect(message).toMatchObject({ body: 'body', descriptor: { Format: 'MQSTR' } });
  });

  test('an MQRFH2 that is not well formed stays as it is', async () => {
    await open('Q');
    await client.call('put', { object: 'Q', body: 'RFH nonsense', descriptor: { Format: 'MQHRF2' } });
    const message = await get('Q', { handle: true, options: ['PROPERTIES_IN_HANDLE'] });
    expect(message).toMatchObject({ body: 'RFH nonsense', properties: {}, descriptor: { Format: 'MQHRF2' } });
  });

  test('names that MQ does not allow are refused', async () => {
    await open('Q');
    for (const name of ['', '1a', 'a b', 'JMSFoo', 'a..b']) {
      expect(await client.reason('put', { object: 'Q', body: 'x', properties: { [name]: '1' } })).toBe(2442);
    }
  });
});

test('a selection string lets gets see only the messages whose properties it describes', async () => {
  const selection = "region = 'eu' AND total >= 100";
  await client.call('open', { name: 'Q', object: 'eu', options: ['INPUT_SHARED', 'BROWSE'], selection });
  await open('Q');
  for (const [body, region, total] of [
    ['a', 'eu', 50],
    ['b', 'us', 200],
    ['c', 'eu', 200],
  ] as const) {
    await put('Q', body, { properties: { region, total } });
  }
  expect((await get('eu', { options: ['BROWSE_FIRST', 'NO_PROPERTIES'] })).body).toBe('c');
  expect((await get('eu', { handle: true })).body).toBe('c');
  expect(await client.reason('get', { object: 'eu' })).toBe(2033);
  expect((await get('Q', { handle: true })).body).toBe('a');
  const wrong = { name: 'Q', object: 'x', options: ['INPUT_SHARED'], selection: 'region =' };
  expect(await client.reason('open', wrong)).toBe(2459);
});

describe('MQINQ and MQSET', () => {
  test('attributes of a queue', async () => {
    await open('Q');
    await put('Q', 'a');
    const selectors = [
      'MQCA_Q_NAME',
      'MQIA_Q_TYPE',
      'MQIA_CURRENT_Q_DEPTH',
      'MQIA_MAX_Q_DEPTH',
      'MQIA_MAX_MSG_LENGTH',
      'MQIA_BACKOUT_THRESHOLD',
      'MQCA_BACKOUT_REQ_Q_NAME',
      'MQIA_OPEN_INPUT_COUNT',
      'MQIA_DEF_PERSISTENCE',
    ];
    harness.queueManager.mqsc('ALTER QLOCAL(Q) BOTHRESH(3) BOQNAME(SMALL)');
    expect(await client.call('inquire', { object: 'Q', selectors })).toEqual({
      MQCA_Q_NAME: 'Q',
      MQIA_Q_TYPE: 1,
      MQIA_CURRENT_Q_DEPTH: 1,
      MQIA_MAX_Q_DEPTH: 10,
      MQIA_MAX_MSG_LENGTH: 1000,
      MQIA_BACKOUT_THRESHOLD: 3,
      MQCA_BACKOUT_REQ_Q_NAME: 'SMALL',
      MQIA_OPEN_INPUT_COUNT: 1,
      MQIA_DEF_PERSISTENCE: 1,
    });
  });

  test('attributes of an alias are its own', async () => {
    await open('ALIAS', ['INQUIRE']);
    expect(
      await client.call('inquire', {
        object: 'ALIAS',
        selectors: ['MQCA_Q_NAME', 'MQCA_BASE_Q_NAME', 'MQIA_Q_TYPE'],
      }),
    ).toEqual({ MQCA_Q_NAME: 'ALIAS', MQCA_BASE_Q_NAME: 'Q', MQIA_Q_TYPE: 3 });
    expect(await client.reason('inquire', { object: 'ALIAS', selectors: ['MQIA_BACKOUT_THRESHOLD'] })).toBe(
      2068,
    );
  });

  test('attributes of the queue manager', async () => {
    await client.call('open', { object: 'qm', type: 'Q_MGR', options: ['INQUIRE'] });
    const selectors = [
      'MQCA_Q_MGR_NAME',
      'MQCA_DEAD_LETTER_Q_NAME',
      'MQIA_PLATFORM',
      'MQIA_CODED_CHAR_SET_ID',
    ];
    expect(await client.call('inquire', { object: 'qm', selectors })).toEqual({
      MQCA_Q_MGR_NAME: 'QM1',
      MQCA_DEAD_LETTER_Q_NAME: 'SYSTEM.DEAD.LETTER.QUEUE',
      MQIA_PLATFORM: 3,
      MQIA_CODED_CHAR_SET_ID: 1208,
    });
  });

  test('what MQSET changes stays over a restart; a wrong value changes nothing', async () => {
    await open('FIFO');
    const values = { MQIA_INHIBIT_GET: 1, MQCA_TRIGGER_DATA: 'data' };
    await client.call('set', { object: 'FIFO', values });
    expect(
      await client.reason('set', { object: 'FIFO', values: { MQIA_INHIBIT_GET: 0, MQIA_INHIBIT_PUT: 7 } }),
    ).toBe(2020);
    expect(await client.reason('set', { object: 'FIFO', values: { MQIA_MAX_Q_DEPTH: 7 } })).toBe(2067);
    await harness.restart({ mqsc: '' });
    client = await harness.connected();
    await open('FIFO');
    expect(await client.call('inquire', { object: 'FIFO', selectors: Object.keys(values) })).toEqual(values);
  });
});

test('a message with a dead-letter header is handed over as it was put', async () => {
  await client.call('open', {
    object: 'dlq',
    name: 'SYSTEM.DEAD.LETTER.QUEUE',
    options: ['OUTPUT', 'INPUT_SHARED'],
  });
  const hex = Buffer.from(`DLH \u0001\u0000\u0000\u0000${'x'.repeat(164)}body`, 'latin1').toString('hex');
  await client.call('put', { object: 'dlq', hex, descriptor: { Format: 'MQDEAD', CodedCharSetId: 1208 } });
  const message = await client.call('get', { object: 'dlq', options: ['CONVERT'] });
  expect(Buffer.from(message.body, 'latin1').toString('hex')).toBe(hex);
  expect(message.descriptor.Format).toBe('MQDEAD');
});
