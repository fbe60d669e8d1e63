import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker } from '@orderbridge/contracts';
import { DataSource } from 'typeorm';
import { Link } from '../../../../test/chaos/link/link.js';
import { createTestDatabase } from '../../../../test/postgres/test-database.js';
import { Leadership } from './leadership.js';

const LEASE = 1_000;
const STEP_BACK = 1_500;
/** Milliseconds: some leases, and far below what jest waits for. */
const BOUND = 10 * LEASE;

describe('Leadership over a network that loses one side of a connection', () => {
  let link: Link;
  const dataSources: DataSource[] = [];
  const leaderships: Leadership[] = [];

  afterEach(async () => {
    // First: who waits for an answer on a half-open connection does not stop before that is gone.
    await link.close();
    await Promise.all(leaderships.splice(0).map((leadership) => leadership.stop()));
    for (const dataSource of dataSources.splice(0)) await dataSource.destroy();
  });

  /** A process that wants to lead, by way of the port. */
  const candidate = async (url: URL, port: string, broker: Broker = 'kafka') => {
    const through = new URL(url);
    through.port = port;
    const dataSource = new DataSource({
      type: 'postgres',
      url: through.href,
      poolErrorHandler: () => undefined,
    });
    await dataSource.initialize();
    dataSources.push(dataSource);
    const state = { leading: false, giveUp: (): void => undefined };
    const leadership = new Leadership(
      dataSource,
      broker,
      {
        lead: async ({ signal, giveUp }) => {
          state.leading = true;
          state.giveUp = giveUp;
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
          state.leading = false;
        },
        notified: () => undefined,
        failed: () => undefined,
      },
      LEASE,
      STEP_BACK,
    );
    leaderships.push(leadership);
    leadership.start();
    return state;
  };

  const until = async (condition: () => boolean) => {
    const end = performance.now() + BOUND;
    while (!condition()) {
      if (performance.now() > end) throw new Error(`Not within ${BOUND} ms: ${condition.toString()}`);
      await sleep(10);
    }
  };

  test('the server does not know: the lead goes on to another, as if its holder had died', async () => {
    const url = new URL(await createTestDatabase());
    link = await Link.open(0, Number(url.port));
    const first = await candidate(url, `${link.port}`);
    await until(() => first.leading);
    const second = await candidate(url, url.port);
    link.loseClients(1);
    link.drop(1);
    await until(() => second.leading && !first.leading);
    link.heal();
  });

  test('the leader does not know: it gives the lead up', async () => {
    const url = new URL(await createTestDatabase());
    link = await Link.open(0, Number(url.port));
    const first = await candidate(url, `${link.port}`);
    await until(() => first.leading);
    link.loseServer(1);
    await until(() => !first.leading);
    link.heal();
    await until(() => first.leading);
  });

  test('who can be reached keeps the lead', async () => {
    const url = new URL(await createTestDatabase());
    link = await Link.open(0, Number(url.port));
    const first = await candidate(url, `${link.port}`);
    await until(() => first.leading);
    const second = await candidate(url, url.port);
    await sleep(2.5 * LEASE);
    expect([first.leading, second.leading]).toEqual([true, false]);
  });

  test('each broker has a leader of its own', async () => {
    const url = new URL(await createTestDatabase());
    link = await Link.open(0, Number(url.port));
    const kafka = await candidate(url, `${link.port}`, 'kafka');
    await until(() => kafka.leading);
    const mq = await candidate(url, url.port, 'ibm-mq');
    await until(() => mq.leading);
    expect(kafka.leading).toBe(true);
  });

  test('who gives the lead up lets another one lead, and stands again for when that one ends', async () => {
    const url = new URL(await createTestDatabase());
    link = await Link.open(0, Number(url.port));
    const first = await candidate(url, url.port);
    await until(() => first.leading);
    const second = await candidate(url, `${link.port}`);
    // It does not stand as long as it is not connected.
    await until(() => {
      first.giveUp();
      return !first.leading;
    });
    await until(() => second.leading);
    await sleep(STEP_BACK);
    expect([first.leading, second.leading]).toEqual([false, true]);
    await leaderships[1]?.stop();
    await until(() => first.leading);
  });

  test('who is alone keeps the lead', async () => {
    const url = new URL(await createTestDatabase());
    link = await Link.open(0, Number(url.port));
    const only = await candidate(url, url.port);
    const other = await candidate(url, url.port, 'ibm-mq');
    await until(() => only.leading && other.leading);
    only.giveUp();
    await sleep(LEASE);
    expect(only.leading).toBe(true);
  });
});
