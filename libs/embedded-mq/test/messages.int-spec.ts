import type { MqClient } from '../test-support/mq-client.js';
import { Harness } from './harness.js';

// What any queue manager does is in test/conformance/ibm-mq; here is what only the stand-in promises.
const mqsc = `
DEFINE QLOCAL(Q) DEFPSIST(YES) REPLACE
DEFINE QLOCAL(FIFO) MSGDLVSQ(FIFO) REPLACE
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

describe('what is not implemented ends with 2298', () => {
  test.each([
    ['a process', { name: 'P', type: 'PROCESS', options: ['INQUIRE'] }],
    ['a topic', { name: 'T', type: 'TOPIC', options: ['OUTPUT'] }],
  ])('MQOPEN of %s', async (_, args) => {
    expect(await client.reason('open', args)).toBe(2298);
  });

  test.each([
    ['a group', { descriptor: { MsgFlags: 8 } }],
    ['a group identifier', { descriptor: { GroupId: id('g') } }],
    ['a report that the queue manager would send', { descriptor: { Report: 0x100, ReplyToQ: 'Q' } }],
    ['logical order', { options: ['LOGICAL_ORDER'] }],
  ])('MQPUT with %s', async (_, args) => {
    await open('Q');
    expect(await client.reason('put', { object: 'Q', body: 'x', ...args })).toBe(2298);
  });

  test.each([
    ['logical order', { options: ['LOGICAL_ORDER'] }],
    ['a lock', { options: ['BROWSE_FIRST', 'LOCK'] }],
    ['a mark', { options: ['BROWSE_FIRST', 'MARK_BROWSE_HANDLE'] }],
    ['a sequence number', { match: ['MATCH_MSG_SEQ_NUMBER'] }],
  ])('MQGET with %s', async (_, args) => {
    await open('Q');
    expect(await client.reason('get', { object: 'Q', ...args })).toBe(2298);
  });

  test('MQSTAT', async () => {
    expect(await client.reason('stat')).toBe(2298);
  });
});

describe('limits of the queue manager', () => {
  test('a message longer than MAXMSGL of the queue manager: 2031', async () => {
    harness.queueManager.mqsc('ALTER QMGR MAXMSGL(32768)\nALTER QLOCAL(Q) MAXMSGL(100000)');
    await open('Q');
    expect(await client.reason('put', { object: 'Q', size: 32_769 })).toBe(2031);
    expect(await client.reason('put', { object: 'Q', size: 32_768 })).toBe(0);
  });

  test('more messages than MAXUMSGS in a unit of work: 2024', async () => {
    harness.queueManager.mqsc('ALTER QMGR MAXUMSGS(10)');
    await open('Q');
    await put('Q', 'a', { options: ['SYNCPOINT'], times: 10 });
    expect(await client.reason('put', { object: 'Q', body: 'b', options: ['SYNCPOINT'] })).toBe(2024);
    await client.call('commit');
    expect(await client.reason('put', { object: 'Q', body: 'b', options: ['SYNCPOINT'] })).toBe(0);
  });
});

test('messages keep the place of their MQPUT, whoever commits first', async () => {
  const other = await harness.connected();
  await open('Q');
  await put('Q', 'put first', { options: ['SYNCPOINT'] });
  await other.call('put1', { name: 'Q', body: 'put second', options: ['SYNCPOINT'] });
  await other.call('commit');
  await client.call('commit');
  expect((await get('Q')).body).toBe('put first');
  expect((await get('Q')).body).toBe('put second');
});

describe('a restart', () => {
  async function restart() {
    await harness.restart({ mqsc: '' });
    client = await harness.connected();
  }

  test('leaves properties as they are, and what was backed out its count', async () => {
    const properties = { ce_id: 'a<b>&c', attempt: 42, paid: true, raw: { hex: '646566' }, nothing: null };
    await open('Q');
    await put('Q', 'body', { properties });
    await get('Q', { handle: true, options: ['SYNCPOINT'] });
    await client.call('backout');
    await restart();
    await open('Q');
    expect(await get('Q', { handle: true })).toMatchObject({ properties, descriptor: { BackoutCount: 1 } });
  });

  test('leaves what MQSET has changed', async () => {
    await open('FIFO');
    const values = { MQIA_INHIBIT_GET: 1, MQCA_TRIGGER_DATA: 'data' };
    await client.call('set', { object: 'FIFO', values });
    await restart();
    await open('FIFO');
    expect(await client.call('inquire', { object: 'FIFO', selectors: Object.keys(values) })).toEqual(values);
  });
});

describe('where IBM leaves it open', () => {
  test('text that the wanted character set does not have is handed over unconverted, with 2119', async () => {
    await open('FIFO');
    const descriptor = { Format: 'MQSTR', CodedCharSetId: 1208 };
    await client.call('put', { object: 'FIFO', hex: 'e282ac', descriptor });
    const message = await get('FIFO', { options: ['CONVERT'], descriptor: { CodedCharSetId: 819 } });
    expect(message).toMatchObject({ warning: 2119, descriptor: { CodedCharSetId: 1208 } });
  });

  test('an MQRFH2 that is not well formed stays as it is', async () => {
    await open('Q');
    await client.call('put', { object: 'Q', body: 'RFH nonsense', descriptor: { Format: 'MQHRF2' } });
    const message = await get('Q', { handle: true, options: ['PROPERTIES_IN_HANDLE'] });
    expect(message).toMatchObject({ body: 'RFH nonsense', properties: {}, descriptor: { Format: 'MQHRF2' } });
  });
});

test('the queue manager says what it stands for', async () => {
  await client.call('open', { object: 'qm', type: 'Q_MGR', options: ['INQUIRE'] });
  const expected = {
    MQCA_Q_MGR_NAME: 'QM1',
    MQCA_DEAD_LETTER_Q_NAME: '',
    MQIA_PLATFORM: 3,
    MQIA_CODED_CHAR_SET_ID: 1208,
  };
  expect(await client.call('inquire', { object: 'qm', selectors: Object.keys(expected) })).toEqual(expected);
});
