import { type MqClient, queueManagerUnderTest } from './under-test.js';

const queueManager = queueManagerUnderTest();
const Q = 'CONF.QUEUE';

let client: MqClient;
beforeEach(async () => {
  client = await queueManager.connected();
});

describe('MQOPEN', () => {
  test.each([
    ['an unknown queue', { name: 'CONF.NO.SUCH', options: ['OUTPUT'] }, 2085],
    [
      'an unknown queue manager (where there is no default transmission queue)',
      { name: Q, queueManager: 'CONF.NO.SUCH', options: ['OUTPUT'] },
      2087,
    ],
    ['no access asked for', { name: Q, options: ['FAIL_IF_QUIESCING'] }, 2046],
    ['two ways of input', { name: Q, options: ['INPUT_SHARED', 'INPUT_EXCLUSIVE'] }, 2046],
    ['the queue manager for output', { type: 'Q_MGR', options: ['OUTPUT'] }, 2045],
    ['an alias of a queue that there is not', { name: 'CONF.ALIAS.DANGLING', options: ['OUTPUT'] }, 2082],
    ['an alias of an alias', { name: 'CONF.ALIAS.TWICE', options: ['OUTPUT'] }, 2001],
  ])('%s: %j', async (_, args, reason) => {
    expect(await client.reason('open', args)).toBe(reason);
  });

  test("the queue manager's own name may be given", async () => {
    expect(
      await client.reason('open', { name: Q, queueManager: queueManager.name, options: ['OUTPUT'] }),
    ).toBe(0);
  });

  test('an alias resolves to its queue', async () => {
    const opened = await client.call('open', { name: 'CONF.ALIAS', options: ['OUTPUT'] });
    expect(opened).toMatchObject({ resolved: Q });
  });

  test('a handle that is not open for input: 2037', async () => {
    await client.call('open', { name: Q, options: ['OUTPUT'] });
    expect(await client.reason('get', { object: Q })).toBe(2037);
  });

  test('a handle that is not open for browsing: 2036', async () => {
    await client.call('open', { name: Q, options: ['INPUT_SHARED'] });
    expect(await client.reason('get', { object: Q, options: ['BROWSE_FIRST'] })).toBe(2036);
  });

  test('a handle that is not open for inquiring: 2038', async () => {
    await client.call('open', { name: Q, options: ['OUTPUT'] });
    expect(await client.reason('inquire', { object: Q, selectors: ['MQCA_Q_NAME'] })).toBe(2038);
  });

  test('a handle that is not open for output: 2039', async () => {
    await client.call('open', { name: Q, options: ['INPUT_SHARED'] });
    expect(await client.reason('put', { object: Q, body: 'x' })).toBe(2039);
  });

  test('a handle that is not open for setting: 2040', async () => {
    await client.call('open', { name: Q, options: ['OUTPUT'] });
    expect(await client.reason('set', { object: Q, values: { MQIA_INHIBIT_PUT: 0 } })).toBe(2040);
  });

  test('a closed handle: 2019', async () => {
    await client.call('open', { name: Q, options: ['OUTPUT'] });
    await client.call('close', { object: Q });
    expect(await client.reason('put', { object: Q, body: 'x' })).toBe(2019);
  });
});

describe('exclusive input', () => {
  const open = (object: string, name: string, option: string) =>
    client.reason('open', { object, name, options: [option] });

  test('keeps all others out until it is closed: 2042', async () => {
    const other = await queueManager.connected();
    await open('mine', Q, 'INPUT_EXCLUSIVE');
    expect(await open('second', Q, 'INPUT_SHARED')).toBe(2042);
    expect(await other.reason('open', { name: Q, options: ['INPUT_SHARED'] })).toBe(2042);
    expect(await other.reason('open', { object: 'out', name: Q, options: ['OUTPUT', 'BROWSE'] })).toBe(0);
    await client.call('close', { object: 'mine' });
    expect(await other.reason('open', { name: Q, options: ['INPUT_SHARED'] })).toBe(0);
  });

  test('is not given while others have the queue open for input: 2042', async () => {
    await open('shared', Q, 'INPUT_SHARED');
    expect(await open('mine', Q, 'INPUT_EXCLUSIVE')).toBe(2042);
  });

  test('is what a queue with NOSHARE and DEFSOPT(EXCL) gives', async () => {
    expect(await open('mine', 'CONF.EXCLUSIVE', 'INPUT_AS_Q_DEF')).toBe(0);
    expect(await open('second', 'CONF.EXCLUSIVE', 'INPUT_AS_Q_DEF')).toBe(2042);
  });

  test('ends with the program that has it', async () => {
    const other = await queueManager.connected();
    await other.call('open', { name: Q, options: ['INPUT_EXCLUSIVE'] });
    await other.call('disconnect');
    expect(await open('mine', Q, 'INPUT_EXCLUSIVE')).toBe(0);
  });
});
