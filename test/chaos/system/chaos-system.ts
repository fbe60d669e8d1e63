import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CRASH_POINTS_FOLDER } from '@orderbridge/crash-points';
import { LocalPostgres } from '@orderbridge/local-postgres';
import { RunningStack } from '@orderbridge/running-stack';
import { Link } from '../link/link.js';
import { DISKS, LINKS, type DiskName, type LinkName, type Victim } from '../plan/fault.js';
import { Disk } from './disk.js';

const run = promisify(execFile);

/** Where the servers behind the links listen, without the stack's offset. */
const PORTS: Readonly<Record<LinkName, number>> = {
  postgres: 54_329,
  kafka: 59_092,
  mq: 51_414,
  'carrier-mock': 8_090,
  'payment-gateway-mock': 8_091,
};
/** From a server's port to that of its link. */
const LINK_PORT_OFFSET = 50;

/** Mebibytes: room for some thousands of orders. */
const DISK_SIZES: Readonly<Record<DiskName, number>> = { postgres: 768, kafka: 160, mq: 160 };

/** The whole system as `npm start` runs it, with proxies on its links, small disks, and crash points armed. */
export class ChaosSystem {
  readonly links: Readonly<Record<LinkName, Link>>;
  readonly disks: ReadonlyMap<DiskName, Disk>;

  private constructor(
    readonly stack: RunningStack,
    links: Record<LinkName, Link>,
    disks: ReadonlyMap<DiskName, Disk>,
    private readonly crashes: string,
  ) {
    this.links = links;
    this.disks = disks;
  }

  /** Resolves when the welcome is on the screen. `cluster` is an empty PostgreSQL data folder to begin with. */
  static async start(portOffset: number, cluster: string): Promise<ChaosSystem> {
    const crashes = await mkdtemp(join(tmpdir(), 'orderbridge-crashes-'));
    const links = await openLinks(portOffset);
    const stack = await RunningStack.create(portOffset, {
      LINK_PORT_OFFSET: `${LINK_PORT_OFFSET}`,
      [CRASH_POINTS_FOLDER]: crashes,
    });
    const disks = new Map<DiskName, Disk>();
    const system = new ChaosSystem(stack, links, disks, crashes);
    try {
      if (Disk.possible) {
        for (const name of DISKS) disks.set(name, await Disk.mount(join(stack.data, name), DISK_SIZES[name]));
      }
      await copy(cluster, join(stack.data, 'postgres'));
      await stack.start();
      return system;
    } catch (error) {
      await system.remove();
      throw error;
    }
  }

  /** Asks a process to die at a crash point; resolves with whether it still waits for it. */
  async orderCrash(victim: Victim, order: string): Promise<{ pid: number; pending: () => Promise<boolean> }> {
    const pid = await this.stack.pid(victim);
    const path = join(this.crashes, `${pid}`);
    await writeFile(`${path}.new`, order);
    await rename(`${path}.new`, path);
    return {
      pid,
      pending: () =>
        stat(path).then(
          () => true,
          () => false,
        ),
    };
  }

  async cancelCrash(pid: number): Promise<void> {
    await rm(join(this.crashes, `${pid}`), { force: true });
  }

  /** Length of a process's log by now. */
  async logLength(name: string): Promise<number> {
    return (await stat(this.#log(name))).size;
  }

  /** What a process has logged since its log had a length. */
  async logSince(name: string, length: number): Promise<string> {
    const file = await open(this.#log(name));
    try {
      const { size } = await file.stat();
      const { buffer } = await file.read(Buffer.alloc(Math.max(0, size - length)), 0, undefined, length);
      return buffer.toString();
    } finally {
      await file.close();
    }
  }

  /** Stops the system and copies its data, logs included, to where it can be looked at and started again. */
  async keep(folder: string): Promise<void> {
    await this.stack.stop();
    await copy(this.stack.data, folder);
    await writeFile(join(folder, 'npm-start.log'), this.stack.output);
  }

  async remove(): Promise<void> {
    for (const link of Object.values(this.links)) link.heal();
    for (const disk of this.disks.values()) await disk.free();
    await this.stack.stop();
    for (const link of Object.values(this.links)) await link.close();
    for (const disk of this.disks.values()) await disk.unmount();
    await this.stack.remove();
    await rm(this.crashes, { recursive: true, force: true });
  }

  #log(name: string): string {
    return join(this.stack.data, 'logs', `${name}.log`);
  }
}

/** What is in a folder, with its owners, which PostgreSQL insists on. */
async function copy(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  await run('cp', ['-a', `${from}/.`, to]);
}

async function openLinks(portOffset: number): Promise<Record<LinkName, Link>> {
  const links: Partial<Record<LinkName, Link>> = {};
  for (const name of LINKS) {
    const port = PORTS[name] + portOffset;
    links[name] = await Link.open(port + LINK_PORT_OFFSET, port);
  }
  return links as Record<LinkName, Link>;
}

/** A data folder of PostgreSQL without databases of ours, to start many systems from. */
export async function emptyCluster(): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), 'orderbridge-cluster-')), 'postgres');
  // The port is never listened on.
  await new LocalPostgres(folder, 1).prepare();
  return folder;
}
