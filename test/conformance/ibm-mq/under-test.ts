/** Which queue manager the suite runs against, and how a test gets clients of it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type RunningQueueManager, startQueueManager } from '@orderbridge/embedded-mq';
import { jest } from '@jest/globals';

import { MqClient } from '../../../libs/embedded-mq/test-support/mq-client.js';

// Processes are started, on machines that may be busy.
jest.setTimeout(60_000);

export { type Delivery, MqClient, MqFailure } from '../../../libs/embedded-mq/test-support/mq-client.js';

/** Every local queue of conformance.mqsc: emptied before each test. */
const QUEUES = [
  'CONF.QUEUE',
  'CONF.FIFO',
  'CONF.SMALL',
  'CONF.EXCLUSIVE',
  'CONF.REPLIES',
  'CONF.ORDERS',
  'CONF.ORDERS.BOQ',
  'CONF.A',
  'CONF.B',
  'CONF.PROPCTL.NONE',
  'CONF.PROPCTL.ALL',
  'CONF.PROPCTL.FORCE',
];

/** Shared by all tests of this machine's user: the stand-in's client library is compiled once. */
const CACHE = join(tmpdir(), `orderbridge-embedded-mq-${process.getuid?.() ?? 0}`);
const STAND_IN_USER = { user: 'confuser', password: 'conformance' };

/** Set by run.mjs; without an address the suite starts the stand-in. */
const {
  CONFORMANCE_MQ_ADDRESS,
  CONFORMANCE_MQ_QUEUE_MANAGER = 'QM1',
  CONFORMANCE_MQ_CHANNEL = 'CONF.SVRCONN',
  CONFORMANCE_MQ_USER,
  CONFORMANCE_MQ_PASSWORD = '',
  CONFORMANCE_MQ_LIBRARY_PATH,
} = process.env;

/** How the title of the group begins whose behaviours the stand-in is known not to have; run.mjs looks for it. */
export const BEYOND = 'beyond the stand-in';

/** A test of such a behaviour: when the stand-in comes to have it, this fails. */
export const beyondTheStandIn = CONFORMANCE_MQ_ADDRESS === undefined ? test.failing : test;

interface Place {
  address: string;
  env: Readonly<Record<string, string>>;
  credentials: { user: string; password: string } | undefined;
}

/** The client library that a real queue manager is reached with; by default the one that `ibmmq` finds. */
function installedLibrary(): Record<string, string> {
  if (CONFORMANCE_MQ_LIBRARY_PATH === undefined) return {};
  const variable = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
  return { [variable]: CONFORMANCE_MQ_LIBRARY_PATH, MQIJS_PREFER_INSTALLED_LIBRARY: '1' };
}

export class QueueManagerUnderTest {
  readonly name = CONFORMANCE_MQ_QUEUE_MANAGER;
  private place!: Place;
  private standIn: RunningQueueManager | undefined;
  private folder: string | undefined;
  private keeper!: MqClient;
  private readonly idle: MqClient[] = [];
  private readonly used: MqClient[] = [];

  get address(): string {
    return this.place.address;
  }

  get credentials(): { user: string; password: string } | undefined {
    return this.place.credentials;
  }

  async start(): Promise<void> {
    if (CONFORMANCE_MQ_ADDRESS === undefined) {
      this.place = await this.startStandIn();
    } else {
      const credentials =
        CONFORMANCE_MQ_USER === undefined
          ? undefined
          : { user: CONFORMANCE_MQ_USER, password: CONFORMANCE_MQ_PASSWORD };
      this.place = { address: CONFORMANCE_MQ_ADDRESS, env: installedLibrary(), credentials };
    }
    this.keeper = await MqClient.start(this.place.env);
    await this.keeper.call('connect', this.connection());
  }

  private async startStandIn(): Promise<Place> {
    const mqsc = await readFile(new URL('conformance.mqsc', import.meta.url), 'utf8');
    this.folder = await mkdtemp(join(tmpdir(), 'conformance-mq-'));
    const { user, password } = STAND_IN_USER;
    const manager = await startQueueManager({
      name: this.name,
      dataDir: this.folder,
      cacheDir: CACHE,
      mqsc,
      users: { [user]: password },
    });
    this.standIn = manager;
    const problems = manager.commands.problems.map(({ line, text }) => `line ${line}: ${text}`);
    if (problems.length > 0) throw new Error(`conformance.mqsc: ${problems.join('; ')}`);
    return { address: `${manager.host}(${manager.port})`, env: manager.env, credentials: STAND_IN_USER };
  }

  /** What a client's `connect` needs. */
  connection(more: Record<string, unknown> = {}): Record<string, unknown> {
    return {
      queueManager: this.name,
      address: this.address,
      channel: CONFORMANCE_MQ_CHANNEL,
      ...this.credentials,
      ...more,
    };
  }

  /** A client process that is not connected yet. */
  async client(): Promise<MqClient> {
    const client = this.idle.pop() ?? (await MqClient.start(this.place.env));
    this.used.push(client);
    return client;
  }

  async connected(more: Record<string, unknown> = {}): Promise<MqClient> {
    const client = await this.client();
    await client.call('connect', this.connection(more));
    return client;
  }

  /** Empties the queues. */
  clear(): Promise<void> {
    return this.keeper.call('clear', { queues: QUEUES }) as Promise<void>;
  }

  /** After a test: ends what its clients have under way. */
  async release(): Promise<void> {
    for (const client of this.used.splice(0)) {
      if (client.ended) continue;
      if (client.busy) {
        await client.kill();
        continue;
      }
      if (await client.call('reset')) this.idle.push(client);
      else await client.stop();
    }
  }

  async stop(): Promise<void> {
    for (const client of [...this.idle, ...this.used]) await client.stop();
    await this.keeper?.stop();
    await this.standIn?.close();
    if (this.folder) await rm(this.folder, { recursive: true, force: true });
  }
}

/** To be called at the top of a spec file: starts, clears and stops around its tests. */
export function queueManagerUnderTest(): QueueManagerUnderTest {
  const underTest = new QueueManagerUnderTest();
  beforeAll(() => underTest.start());
  beforeEach(() => underTest.clear());
  afterEach(() => underTest.release());
  afterAll(() => underTest.stop());
  return underTest;
}

/** Texts as identifiers of 24 bytes. */
export const identifier = (text: string) => Buffer.alloc(24, text).toString('hex');
