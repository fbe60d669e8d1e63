import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { jest } from '@jest/globals';

import { type QueueManagerOptions, type RunningQueueManager, startQueueManager } from '../src/index.js';
import { MqClient } from '../test-support/mq-client.js';

// Processes are started, on machines that may be busy.
jest.setTimeout(60_000);

/** Shared by all tests of this machine's user: the library is compiled once. */
const CACHE = join(tmpdir(), `orderbridge-embedded-mq-${process.getuid?.() ?? 0}`);

/** A queue manager in a temporary folder, and clients of it; close() ends all and deletes the folder. */
export class Harness {
  private readonly clients: MqClient[] = [];

  private constructor(
    readonly folder: string,
    private manager: RunningQueueManager,
    private readonly options: Partial<QueueManagerOptions>,
  ) {}

  static async start(options: Partial<QueueManagerOptions> = {}): Promise<Harness> {
    const folder = await mkdtemp(join(tmpdir(), 'embedded-mq-'));
    return new Harness(folder, await Harness.startManager(folder, options), options);
  }

  private static startManager(
    folder: string,
    options: Partial<QueueManagerOptions>,
  ): Promise<RunningQueueManager> {
    return startQueueManager({ dataDir: folder, cacheDir: CACHE, ...options });
  }

  get queueManager(): RunningQueueManager {
    return this.manager;
  }

  async client(): Promise<MqClient> {
    const client = await MqClient.start(this.manager.env);
    this.clients.push(client);
    return client;
  }

  /** A client with a connection. */
  async connected(): Promise<MqClient> {
    const client = await this.client();
    await client.call('connect');
    return client;
  }

  /** Stops the queue manager and starts it again on the same port. */
  async restart(options: Partial<QueueManagerOptions> = {}): Promise<void> {
    const { port } = this.manager;
    await this.manager.close();
    this.manager = await Harness.startManager(this.folder, { ...this.options, ...options, port });
  }

  async close(): Promise<void> {
    for (const client of this.clients) await client.stop();
    await this.manager.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
