import { type MqClient, queueManagerUnderTest } from './under-test.js';

const queueManager = queueManagerUnderTest();
const Q = 'CONF.QUEUE';

let client: MqClient;
beforeEach(async () => {
  client = await queueManager.connected();
});

const inquire = (object: string, ...selectors: string[]) => client.call('inquire', { object, selectors });

describe('MQINQ', () => {
  test('attributes of a queue', async () => {
    await client.call('open', { name: Q, options: ['INPUT_SHARED', 'INQUIRE'] });
    const expected = {
      MQCA_Q_NAME: Q,
      MQIA_Q_TYPE: 1,
      MQIA_CURRENT_Q_DEPTH: 0,
      MQIA_MAX_Q_DEPTH: 500,
      MQIA_MAX_MSG_LENGTH: 1000,
      MQIA_OPEN_INPUT_COUNT: 1,
      MQIA_OPEN_OUTPUT_COUNT: 0,
      MQIA_DEF_PERSISTENCE: 1,
      MQIA_DEF_PRIORITY: 4,
      MQIA_SHAREABILITY: 1,
      MQIA_MSG_DELIVERY_SEQUENCE: 0,
      MQIA_INHIBIT_GET: 0,
      MQIA_INHIBIT_PUT: 0,
    };
    expect(await inquire(Q, ...Object.keys(expected))).toEqual(expected);
  });

  test('backout threshold and backout queue', async () => {
    await client.call('open', { name: 'CONF.ORDERS', options: ['INQUIRE'] });
    const selectors = ['MQIA_BACKOUT_THRESHOLD', 'MQCA_BACKOUT_REQ_Q_NAME'];
    expect(await inquire('CONF.ORDERS', ...selectors)).toEqual({
      MQIA_BACKOUT_THRESHOLD: 3,
      MQCA_BACKOUT_REQ_Q_NAME: 'CONF.ORDERS.BOQ',
    });
    await client.call('open', { name: 'CONF.A', options: ['INQUIRE'] });
    expect(await inquire('CONF.A', ...selectors)).toEqual({
      MQIA_BACKOUT_THRESHOLD: 0,
      MQCA_BACKOUT_REQ_Q_NAME: '',
    });
  });

  test('the depth follows puts and gets', async () => {
    await client.call('open', { name: Q, options: ['OUTPUT', 'INPUT_SHARED', 'INQUIRE'] });
    const depth = () => inquire(Q, 'MQIA_CURRENT_Q_DEPTH');
    await client.call('put', { object: Q, body: 'a', times: 3 });
    expect(await depth()).toEqual({ MQIA_CURRENT_Q_DEPTH: 3 });
    await client.call('get', { object: Q });
    expect(await depth()).toEqual({ MQIA_CURRENT_Q_DEPTH: 2 });
  });

  test('an alias has attributes of its own', async () => {
    await client.call('open', { name: 'CONF.ALIAS', options: ['INQUIRE'] });
    expect(await inquire('CONF.ALIAS', 'MQCA_Q_NAME', 'MQCA_BASE_Q_NAME', 'MQIA_Q_TYPE')).toEqual({
      MQCA_Q_NAME: 'CONF.ALIAS',
      MQCA_BASE_Q_NAME: Q,
      MQIA_Q_TYPE: 3,
    });
  });

  test('an attribute that the type of queue does not have: 2068', async () => {
    await client.call('open', { name: 'CONF.ALIAS', options: ['INQUIRE'] });
    const wrong = { object: 'CONF.ALIAS', selectors: ['MQIA_BACKOUT_THRESHOLD'] };
    expect(await client.reason('inquire', wrong)).toBe(2068);
  });

  test('an attribute that no queue has: 2067', async () => {
    await client.call('open', { name: Q, options: ['INQUIRE'] });
    expect(await client.reason('inquire', { object: Q, selectors: ['MQIA_MAX_UNCOMMITTED_MSGS'] })).toBe(
      2067,
    );
  });

  test('attributes of the queue manager (the user needs INQ on it)', async () => {
    await client.call('open', { object: 'qm', type: 'Q_MGR', options: ['INQUIRE'] });
    expect(await inquire('qm', 'MQCA_Q_MGR_NAME', 'MQIA_MAX_PRIORITY', 'MQIA_SYNCPOINT')).toEqual({
      MQCA_Q_MGR_NAME: queueManager.name,
      MQIA_MAX_PRIORITY: 9,
      MQIA_SYNCPOINT: 1,
    });
    const found = await inquire(
      'qm',
      'MQIA_MAX_UNCOMMITTED_MSGS',
      'MQIA_MAX_MSG_LENGTH',
      'MQCA_DEAD_LETTER_Q_NAME',
    );
    expect(found.MQIA_MAX_UNCOMMITTED_MSGS).toBeGreaterThan(0);
    expect(found.MQIA_MAX_MSG_LENGTH).toBeGreaterThanOrEqual(32_768);
    expect(found.MQCA_DEAD_LETTER_Q_NAME).toEqual(expect.any(String));
  });
});

describe('MQSET', () => {
  beforeEach(() => client.call('open', { name: Q, options: ['INQUIRE', 'SET'] }));

  test('changes what others then see', async () => {
    const values = { MQIA_INHIBIT_GET: 1, MQCA_TRIGGER_DATA: `data ${Date.now()}` };
    await client.call('set', { object: Q, values });
    const other = await queueManager.connected();
    await other.call('open', { name: Q, options: ['INQUIRE'] });
    expect(await other.call('inquire', { object: Q, selectors: Object.keys(values) })).toEqual(values);
  });

  test('a wrong value: 2020, and nothing is changed', async () => {
    const values = { MQIA_INHIBIT_GET: 1, MQIA_INHIBIT_PUT: 7 };
    expect(await client.reason('set', { object: Q, values })).toBe(2020);
    expect(await inquire(Q, 'MQIA_INHIBIT_GET')).toEqual({ MQIA_INHIBIT_GET: 0 });
  });

  test('an attribute that cannot be set: 2067', async () => {
    expect(await client.reason('set', { object: Q, values: { MQIA_MAX_Q_DEPTH: 7 } })).toBe(2067);
  });
});
