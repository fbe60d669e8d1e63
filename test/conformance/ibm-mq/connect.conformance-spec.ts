import { queueManagerUnderTest } from './under-test.js';

const queueManager = queueManagerUnderTest();

/** A port on which nothing listens. */
const NOWHERE = '127.0.0.1(1)';

const connectReason = async (more: Record<string, unknown> = {}) => {
  const client = await queueManager.client();
  return client.reason('connect', queueManager.connection(more));
};

describe('MQCONNX', () => {
  test('by the name of the queue manager', async () => {
    expect(await connectReason()).toBe(0);
  });

  test('a blank name and an asterisk take whatever queue manager is at the address', async () => {
    expect(await connectReason({ queueManager: '' })).toBe(0);
    expect(await connectReason({ queueManager: `*${queueManager.name}` })).toBe(0);
    expect(await connectReason({ queueManager: '*NO.SUCH' })).toBe(0);
  });

  test('another queue manager than the one at the address: 2058', async () => {
    expect(await connectReason({ queueManager: 'CONF.NO.SUCH' })).toBe(2058);
  });

  test('a channel that is not defined: 2540', async () => {
    expect(await connectReason({ channel: 'CONF.NO.SUCH' })).toBe(2540);
  });

  test('nobody listens at the address: 2538', async () => {
    expect(await connectReason({ address: NOWHERE })).toBe(2538);
  });

  test('a list of addresses is tried in turn', async () => {
    expect(await connectReason({ address: `${NOWHERE},${queueManager.address}` })).toBe(0);
  });

  test('a wrong password: 2035 (where CONNAUTH checks passwords)', async () => {
    const user = queueManager.credentials?.user ?? 'nobody';
    expect(await connectReason({ user, password: 'this is not the password' })).toBe(2035);
  });

  test('an unknown user: 2035 (where CONNAUTH checks passwords)', async () => {
    expect(await connectReason({ user: 'nosuchuser', password: 'secret' })).toBe(2035);
  });
});

describe('MQDISC', () => {
  test('afterwards the connection serves no verb: 2018', async () => {
    const client = await queueManager.connected();
    await client.call('disconnect');
    expect(await client.reason('commit')).toBe(2018);
    expect(await client.reason('put1', { name: 'CONF.QUEUE', body: 'x' })).toBe(2018);
  });

  test('a program may connect again', async () => {
    const client = await queueManager.connected();
    await client.call('disconnect');
    await client.call('connect', queueManager.connection());
    expect(await client.reason('put1', { name: 'CONF.QUEUE', body: 'x' })).toBe(0);
  });
});

describe('several connections of one program', () => {
  test('have units of work of their own', async () => {
    const client = await queueManager.connected({ connection: 'one' });
    await client.call('connect', queueManager.connection({ connection: 'two' }));
    const put = (connection: string, body: string) =>
      client.call('put1', { connection, name: 'CONF.FIFO', body, options: ['SYNCPOINT'] });
    await put('one', 'a');
    await put('two', 'b');
    await client.call('backout', { connection: 'one' });
    await client.call('commit', { connection: 'two' });
    await client.call('open', { connection: 'one', name: 'CONF.FIFO', options: ['INPUT_SHARED'] });
    expect((await client.call('get', { object: 'CONF.FIFO' })).body).toBe('b');
    expect(await client.reason('get', { object: 'CONF.FIFO' })).toBe(2033);
  });

  test('the end of one leaves the other as it is', async () => {
    const client = await queueManager.connected({ connection: 'one' });
    await client.call('connect', queueManager.connection({ connection: 'two' }));
    await client.call('disconnect', { connection: 'one' });
    expect(await client.reason('put1', { connection: 'two', name: 'CONF.FIFO', body: 'a' })).toBe(0);
  });
});

test('MQBEGIN is not for clients: 2012', async () => {
  const client = await queueManager.connected();
  expect(await client.reason('begin')).toBe(2012);
});
