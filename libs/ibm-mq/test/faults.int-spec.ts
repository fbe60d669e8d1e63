import { setTimeout as sleep } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { Harness } from './harness.js';
import type { Program } from './program.js';

jest.setTimeout(600_000);

const MQSC = `
DEFINE QLOCAL(IN) MAXDEPTH(100000)
DEFINE QLOCAL(OUT) MAXDEPTH(100000)
DEFINE CHANNEL(QUICK) CHLTYPE(SVRCONN) TRPTYPE(TCP) HBINT(1)
`;
const COUNT = 10_000;

let harness: Harness;
let striking: AbortController | undefined;
beforeEach(async () => {
  harness = await Harness.start(MQSC);
});
afterEach(async () => {
  striking?.abort();
  await harness.close();
});

const transferring = async (connection = harness.connection): Promise<Program> => {
  const program = await harness.program('transfer');
  await program.call('start', { connection, consumers: 2, failing: 0.03 });
  return program;
};

const sending = async (connection: object): Promise<Program> => {
  const program = await harness.program('transfer');
  await program.call('connect', connection);
  return program;
};

/** Strikes at random, at most so many ms apart, until told to stop, and says how often. */
function strike(harm: readonly (() => unknown)[], apart = 250): () => Promise<number> {
  const stopping = (striking = new AbortController());
  const struck = (async () => {
    for (let strikes = 0; ; strikes++) {
      await sleep(Math.random() * apart, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return strikes;
      await harm[Math.floor(Math.random() * harm.length)]?.();
    }
  })();
  return () => {
    stopping.abort();
    return struck;
  };
}

const networkFaults = () => [
  () => harness.proxy.cut(),
  () => harness.proxy.loseRequest(Math.floor(Math.random() * 30)),
  () => harness.proxy.loseReply(Math.floor(Math.random() * 30)),
];

/** The bodies of the messages on OUT, when there are COUNT different ones. */
async function collect(): Promise<string[]> {
  const program = await harness.program('collect');
  await program.call('start', { addresses: `127.0.0.1(${harness.port})` });
  const bodies: string[] = [];
  const different = new Set<string>();
  while (different.size < COUNT) {
    for (const body of await program.event<string[]>('collected')) {
      bodies.push(body);
      different.add(body);
    }
  }
  return bodies;
}

async function untilEmpty(sender: Program, queue: string): Promise<void> {
  const isEmpty = async (): Promise<boolean> => {
    try {
      return (await sender.call<number>('depth', queue)) === 0;
    } catch (error) {
      // The queue manager is being restarted.
      if ((error as Error).name === 'IbmMqUnavailableError') return false;
      throw error;
    }
  };
  while (!(await isEmpty())) await sleep(100);
}

test(`${COUNT} messages are moved exactly once, through lost connections, failing handlers, kills and restarts`, async () => {
  const sender = await sending({ addresses: `127.0.0.1(${harness.port})` });
  await sender.call('send', { first: 0, last: COUNT, batch: 500 });
  const movers = [await transferring(), await transferring()];
  const kill = async () => {
    await movers.shift()?.kill();
    movers.push(await transferring());
  };
  const stop = strike([
    ...networkFaults(),
    ...networkFaults(),
    ...networkFaults(),
    kill,
    () => harness.restart(),
  ]);
  await untilEmpty(sender, 'IN');
  expect(await stop()).toBeGreaterThan(10);
  expect(await collect()).toHaveLength(COUNT);
  expect(await sender.call('depth', 'OUT')).toBe(0);
});

test(`${COUNT} messages are moved exactly once, through connections that go silent at any verb`, async () => {
  const sender = await sending({ addresses: `127.0.0.1(${harness.port})` });
  await sender.call('send', { first: 0, last: COUNT, batch: 500 });
  await Promise.all([1, 2, 3].map(() => transferring(harness.quickConnection)));
  const silences = [
    () => harness.proxy.loseRequest(Math.floor(Math.random() * 30), true),
    () => harness.proxy.loseReply(Math.floor(Math.random() * 30), true),
  ];
  for (const silence of silences) silence();
  const stop = strike(silences, 1_000);
  await untilEmpty(sender, 'IN');
  await stop();
  expect(harness.proxy.faults).toBeGreaterThan(3);
  expect(await collect()).toHaveLength(COUNT);
  expect(await sender.call('depth', 'OUT')).toBe(0);
});

test(`${COUNT} messages sent over a network that fails are all there, and none twice but those in doubt`, async () => {
  const direct = await sending({ addresses: `127.0.0.1(${harness.port})` });
  const sender = await sending(harness.connection);
  const stop = strike(networkFaults());
  await transferring();
  const inDoubt = await sender.call<number>('send', { first: 0, last: COUNT, batch: 20 });
  expect(await stop()).toBeGreaterThan(3);
  await untilEmpty(direct, 'IN');
  const bodies = await collect();
  const others = await direct.call<number>('depth', 'OUT');
  expect(bodies.length + others).toBeLessThanOrEqual(COUNT + inDoubt);
});
