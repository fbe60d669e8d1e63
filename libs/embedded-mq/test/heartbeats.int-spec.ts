import type { MqClient } from '../test-support/mq-client.js';
import { Harness } from './harness.js';
import { type Direction, SilentLink } from './silent-link.js';

/** A heartbeat each second: silence is noticed after two, or a little more by the queue manager. */
const mqsc = `
DEFINE QLOCAL(Q) DEFPSIST(YES) REPLACE
DEFINE QLOCAL(OTHER) REPLACE
DEFINE CHANNEL(QUICK) CHLTYPE(SVRCONN) TRPTYPE(TCP) HBINT(1) REPLACE
`;
/** ms in which a verb has ended: both sides in turn notice the silence, on a machine that may be busy. */
const BOUND = 15_000;

let harness: Harness;
let link: SilentLink;
let witness: MqClient;

beforeEach(async () => {
  harness = await Harness.start({ mqsc });
  link = await SilentLink.open(harness.queueManager.port);
  witness = await harness.connected();
  await witness.call('open', { name: 'Q', options: ['OUTPUT', 'INPUT_SHARED'] });
  await witness.call('open', { name: 'OTHER', options: ['OUTPUT', 'INPUT_SHARED'] });
});
afterEach(async () => {
  await link.close();
  await harness.close();
});

/** A client on the other side of the link, with Q open. */
async function remote(): Promise<MqClient> {
  const client = await harness.client();
  await client.call('connect', { address: link.address, channel: 'QUICK' });
  await client.call('open', { name: 'Q', options: ['OUTPUT', 'INPUT_SHARED', 'INQUIRE'] });
  return client;
}

/** The reason a verb ends with, if it does. */
async function ending(
  client: MqClient,
  name: string,
  args: Record<string, unknown>,
): Promise<number | string> {
  let timer: NodeJS.Timeout | undefined;
  const never = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('does not end'), BOUND);
  });
  const reason = await Promise.race([client.reason(name, args), never]);
  clearTimeout(timer);
  if (typeof reason === 'string') await client.kill();
  return reason;
}

/** A body from Q as soon as there is one for the witness. */
async function next(): Promise<string> {
  const wait = { object: 'Q', options: ['WAIT'], wait: BOUND };
  return (await witness.call('get', wait)).body as string;
}

const silences: Direction[][] = [
  ['to the client'],
  ['to the queue manager'],
  ['to the client', 'to the queue manager'],
];

describe.each(silences.map((directions) => [directions.join(' and '), directions] as const))(
  'when nothing comes through %s',
  (_name, directions) => {
    test('every verb ends with 2009', async () => {
      const verbs = {
        open: { name: 'OTHER', options: ['OUTPUT'] },
        put: { object: 'Q', body: 'x' },
        get: { object: 'Q', options: ['WAIT'], wait: 600_000 },
        inquire: { object: 'Q', selectors: ['MQIA_CURRENT_Q_DEPTH'] },
        commit: {},
        backout: {},
        disconnect: {},
      };
      const clients = await Promise.all(Object.keys(verbs).map(remote));
      link.silence(directions);
      const endings = await Promise.all(
        Object.entries(verbs).map(([verb, args], index) => ending(clients[index]!, verb, args)),
      );
      expect(endings).toEqual(endings.map(() => 2009));
    });

    test('what the lost connection has taken goes to others, and what it has put is gone', async () => {
      const client = await remote();
      await witness.call('put', { object: 'Q', body: 'a' });
      await client.call('get', { object: 'Q', options: ['SYNCPOINT'] });
      await client.call('put', { object: 'Q', body: 'b', options: ['SYNCPOINT'] });
      link.silence(directions);
      expect(await next()).toBe('a');
      expect(await witness.reason('get', { object: 'Q' })).toBe(2033);
      expect(await ending(client, 'commit', {})).toBe(2009);
    });

    test('a consumer that waits is told 2009, and leaves messages to others', async () => {
      const client = await remote();
      // Without a syncpoint, what the queue manager sends before it notices the silence is lost.
      await client.call('consume', { object: 'Q', options: ['SYNCPOINT'] });
      await client.call('control', { operation: 'START' });
      await witness.call('put', { object: 'Q', body: 'a' });
      expect(await client.delivered(1)).toMatchObject([{ body: 'a' }]);
      link.silence(directions);
      expect((await client.delivered(2))[1]).toMatchObject({ event: 'failure', reason: 2009 });
      await witness.call('put', { object: 'Q', body: 'b' });
      expect(new Set([await next(), await next()])).toEqual(new Set(['a', 'b']));
    });
  },
);

test('connecting to what does not answer ends with 2009', async () => {
  link.silence(['to the client']);
  const client = await harness.client();
  expect(await ending(client, 'connect', { address: link.address, channel: 'QUICK' })).toBe(2009);
});

test('a client that is stopped loses its messages to others, and learns it when it goes on', async () => {
  const client = await remote();
  await witness.call('put', { object: 'Q', body: 'a' });
  await client.call('get', { object: 'Q', options: ['SYNCPOINT'] });
  client.signal('SIGSTOP');
  expect(await next()).toBe('a');
  client.signal('SIGCONT');
  expect(await client.reason('commit')).toBe(2009);
});

test('connections live on while the program, or the queue manager, takes its time', async () => {
  const client = await remote();
  await witness.call('put', { object: 'Q', body: 'a' });
  await client.call('get', { object: 'Q', options: ['SYNCPOINT'] });
  // Heartbeats alone go by.
  await link.pieces('to the queue manager', 5);
  const waits = { object: 'Q', options: ['WAIT', 'SYNCPOINT'], wait: 5_000 };
  expect(await client.reason('get', waits)).toBe(2033);
  expect(await client.reason('commit')).toBe(0);
  await client.call('consume', { object: 'Q' });
  await client.call('control', { operation: 'START' });
  await link.pieces('to the queue manager', 5);
  await witness.call('put', { object: 'Q', body: 'b' });
  expect(await client.delivered(1)).toMatchObject([{ event: 'message', body: 'b' }]);
});

test('HBINT(0) of the channel and of the client means no heartbeats', async () => {
  harness.queueManager.mqsc('ALTER CHANNEL(QUICK) CHLTYPE(SVRCONN) HBINT(0)');
  const silent = await harness.client();
  await silent.call('connect', { address: link.address, channel: 'QUICK', heartbeat: 0 });
  await silent.call('open', { name: 'Q', options: ['INPUT_SHARED'] });
  await witness.call('put', { object: 'Q', body: 'a' });
  await silent.call('get', { object: 'Q', options: ['SYNCPOINT'] });
  silent.signal('SIGSTOP');
  const wait = { object: 'Q', options: ['WAIT'], wait: 5_000 };
  expect(await witness.reason('get', wait)).toBe(2033);
  silent.signal('SIGCONT');
  expect(await silent.reason('commit')).toBe(0);
});
