import { join } from 'node:path';

import { clientLibrary, libraryEnvironment } from './client-library.js';
import { lockDataFolder } from './data-folder.js';
import { Faults } from './faults.js';
import { Listener, type Users } from './listener.js';
import type { MqscResult } from './mqsc-commands.js';
import { QueueManager } from './queue-manager.js';

const CHANNEL = 'SYSTEM.DEF.SVRCONN';
const MEGABYTE = 1024 * 1024;

export interface QueueManagerOptions {
  /** Where messages and definitions are kept; created if need be. One queue manager at a time has it. */
  dataDir: string;
  /** Commands that define the objects, as text. */
  mqsc?: string;
  /** Default QM1. */
  name?: string;
  /** Default 127.0.0.1: only this machine. */
  host?: string;
  /** Default 0: any free port. */
  port?: number;
  /**
   * Users and passwords that clients are checked against, as far as the queue manager's CONNAUTH asks for
   * it; without them passwords are not checked.
   */
  users?: Users;
  /** Where the client library is kept once it is compiled; default below the data folder. */
  cacheDir?: string;
  /** Default true: compile the client library, so that `env` leads to it. */
  withClientLibrary?: boolean;
  /** Receives problems that fail no verb, one line each; default: standard error. */
  report?: (problem: string) => void;
}

export interface RunningQueueManager {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** What a child process needs in its environment for `ibmmq` to connect here. */
  readonly env: Readonly<Record<string, string>>;
  /** What became of the MQSC commands. */
  readonly commands: MqscResult;
  /** Makes things go wrong, for tests. */
  readonly faults: Faults;
  /** Carries out more MQSC commands. */
  mqsc(commands: string): MqscResult;
  /** Local queues there are. */
  readonly queueCount: number;
  /** How often data was forced to disk since the start: once for all commits that arrived together. */
  readonly syncs: number;
  /** Stops: waiting gets end with 2162, what is in a unit of work is backed out, the rest stays on the disk. */
  close(): Promise<void>;
}

function toStandardError(problem: string): void {
  process.stderr.write(`${problem}\n`);
}

/**
 * Starts a queue manager in this process. Programs that use `ibmmq` must run in other processes: its verbs
 * block the thread that would have to answer them.
 *
 * @throws when the data folder is in use or damaged, the port is taken, or the client library cannot be built
 */
export async function startQueueManager(options: QueueManagerOptions): Promise<RunningQueueManager> {
  const {
    dataDir,
    name = 'QM1',
    host = '127.0.0.1',
    port = 0,
    mqsc = '',
    report = toStandardError,
  } = options;
  const unlock = lockDataFolder(dataDir);
  let listener: Listener | undefined;
  const faults = new Faults(
    () => opened!.queueManager,
    () => listener?.dropConnections(),
  );
  let opened: ReturnType<typeof QueueManager.open> | undefined;
  try {
    const library =
      options.withClientLibrary === false
        ? {}
        : libraryEnvironment(await clientLibrary({ cacheDir: options.cacheDir ?? join(dataDir, 'client') }));
    const store = {
      segmentBytes: 16 * MEGABYTE,
      bufferBytes: 256 * 1024,
      cacheBytes: 16 * MEGABYTE,
      checkpointBytes: 64 * MEGABYTE,
      beforeWrite: () => faults.beforeWrite(),
    };
    opened = QueueManager.open(name, dataDir, store, mqsc, report);
    const { queueManager, commands } = opened;
    const accepting = new Listener(queueManager, options.users, faults);
    listener = accepting;
    const actualPort = await accepting.listen(host, port);
    return {
      name,
      host,
      port: actualPort,
      env: { ...library, MQSERVER: `${CHANNEL}/TCP/${host}(${actualPort})` },
      commands,
      faults,
      mqsc: (text) => queueManager.run(text),
      queueCount: [...queueManager.localQueues].length,
      get syncs() {
        return queueManager.store.statistics.syncs;
      },
      async close() {
        await accepting.close();
        await queueManager.close();
        unlock();
      },
    };
  } catch (error) {
    await opened?.queueManager.close();
    unlock();
    throw error;
  }
}
