import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CRASH_POINTS_FOLDER } from '@orderbridge/crash-points';
import { LocalPostgres } from '@orderbridge/local-postgres';
import { RunningStack } from '@orderbridge/running-stack';
import { query } from '../invariants/evidence.js';
import { certificateFile, TlsFront } from '../../tls/tls-front.js';
import { Link } from '../link/link.js';
import { DISKS, LINKS, type DiskName, type Fault, type LinkName, type Victim } from '../plan/fault.js';
import { Disk } from './disk.js';
import { isAlive, isTaken, processesOf, signal } from './processes.js';

/** A role, and its password, that only faults use. */
const ADMINISTRATOR = 'chaos';

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

/** Milliseconds within which a system has to start, and to stop before its processes are killed. */
const START_TIMEOUT = 180_000;
const STOP_TIMEOUT = 90_000;
/** Milliseconds from a label to the parcel's delivery: a seed sees all of its orders to their ends. */
const DELIVERY_AFTER = 3_000;
/** Of orders: what was lost with a topic is noticed while a seed waits for quiet. */
const DEADLINES = Object.fromEntries(
  ['PLACED', 'RESERVED', 'PAID', 'FULFILMENT_FAILED', 'CANCELLING'].map((status) => [
    `DEADLINE_${status}_SECONDS`,
    '60',
  ]),
);
/** Milliseconds within which killed processes have to be gone. */
const KILL_TIMEOUT = 20_000;

/**
 * The whole system as `npm start` runs it, with proxies on its links, small disks where they are possible, and crash
 * points armed. Whatever happens to it, `remove` leaves nothing of it.
 */
export class ChaosSystem {
  readonly links = new Map<LinkName, Link>();
  readonly disks = new Map<DiskName, Disk>();
  /** How to take away what was made, the last one first. */
  readonly #undo: (() => Promise<unknown>)[] = [];
  #isEnding = false;
  #stack: RunningStack | undefined;
  #certificates: TlsFront | undefined;
  #crashes = '';

  constructor(
    private readonly portOffset: number,
    /** An empty PostgreSQL data folder to begin with. */
    private readonly cluster: string,
    private readonly withDisks: boolean,
  ) {}

  get stack(): RunningStack {
    if (!this.#stack) throw new Error('The system was not started.');
    return this.#stack;
  }

  /** What services see of PostgreSQL first. */
  get certificates(): TlsFront {
    if (!this.#certificates) throw new Error('The system was not started.');
    return this.#certificates;
  }

  /** Resolves when the welcome is on the screen. What there is when it throws, `remove` takes away. */
  async start(): Promise<void> {
    const { portOffset } = this;
    this.#crashes = await this.#make(
      () => mkdtemp(join(tmpdir(), 'orderbridge-crashes-')),
      (folder) => rm(folder, { recursive: true, force: true }),
    );
    this.#certificates = await this.#make(
      () => TlsFront.open('postgres', () => PORTS.postgres + portOffset),
      (front) => front.close(),
    );
    for (const name of LINKS) {
      const port = PORTS[name] + portOffset;
      const target = name === 'postgres' ? this.#certificates.port : port;
      const link = await this.#make(
        () => Link.open(port + LINK_PORT_OFFSET, target),
        (opened) => opened.close(),
      );
      this.links.set(name, link);
    }
    const stack = await this.#make(
      () =>
        RunningStack.create(portOffset, {
          LINK_PORT_OFFSET: `${LINK_PORT_OFFSET}`,
          DELIVERY_AFTER_MS: `${DELIVERY_AFTER}`,
          DELIVERY_POLL_MS: '1000',
          DATABASE_SSL: 'true',
          DATABASE_SSL_CA: certificateFile('authority.crt'),
          ...DEADLINES,
          [CRASH_POINTS_FOLDER]: this.#crashes,
        }),
      ({ data }) => rm(data, { recursive: true, force: true }),
    );
    this.#stack = stack;
    if (this.withDisks) {
      for (const name of DISKS) {
        const disk = await this.#make(
          () => Disk.mount(join(stack.data, name), DISK_SIZES[name]),
          (mounted) => mounted.unmount(),
        );
        this.disks.set(name, disk);
      }
    }
    await copy(this.cluster, join(stack.data, 'postgres'));
    await this.#make(
      () => Promise.resolve(),
      () => this.#stop(),
    );
    await within(START_TIMEOUT, stack.start(), () => {
      throw new Error(`The system is not ready after ${START_TIMEOUT / 1_000} s:\n${stack.output}`);
    });
    await query(stack, 'order', `CREATE ROLE ${ADMINISTRATOR} SUPERUSER LOGIN PASSWORD '${ADMINISTRATOR}'`);
  }

  /** URL of a database for a role that no fault concerns. */
  administratorOf(database: string): string {
    const url = new URL(this.stack.database(database));
    url.username = ADMINISTRATOR;
    url.password = ADMINISTRATOR;
    return url.href;
  }

  /** Whether a fault can happen to it. */
  allows(fault: Fault): boolean {
    return fault.kind !== 'disk-full' || this.withDisks;
  }

  /**
   * SIGKILL to every process of the system at once, `npm start` itself first, so that it starts none of them again. Resolves
   * with how many there were, when all are gone.
   */
  async cutPower(): Promise<number> {
    const all = [...new Set([this.stack.supervisorPid, ...this.#own()])];
    signal(all, 'SIGKILL');
    await this.#killed();
    // To PostgreSQL, which finds its id in its lock file, a zombie is alive. No power cut leaves any.
    const end = performance.now() + KILL_TIMEOUT;
    for (let left = all; left.length > 0; left = left.filter(isTaken)) {
      if (performance.now() > end) throw new Error(`Nobody waits for these processes: ${left.join(', ')}`);
      await sleep(20);
    }
    return all.length;
  }

  /** Starts the system again on its data, as after a power cut. */
  async startAgain(): Promise<void> {
    const { stack } = this;
    await within(START_TIMEOUT, stack.start(), () => {
      throw new Error(`The system is not ready again after ${START_TIMEOUT / 1_000} s:\n${stack.output}`);
    });
  }

  /** Between seeds: ends every fault, and the connections that faults have left half-open. */
  heal(): void {
    for (const link of this.links.values()) {
      link.heal();
      link.forget();
    }
    this.#certificates?.show('server');
  }

  link(name: LinkName): Link {
    const link = this.links.get(name);
    if (!link) throw new Error(`There is no link to ${name}.`);
    return link;
  }

  /** Asks a process to die at a crash point; resolves with whether it still waits for it. */
  async orderCrash(victim: Victim, order: string): Promise<{ pid: number; pending: () => Promise<boolean> }> {
    const pid = await this.stack.pid(victim);
    const path = join(this.#crashes, `${pid}`);
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
    await rm(join(this.#crashes, `${pid}`), { force: true });
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

  /**
   * Stops the system and copies its data, logs included, to where it can be looked at and started again. Resolves with
   * whether there was any.
   */
  async keep(folder: string): Promise<boolean> {
    if (!this.#stack) return false;
    await this.#stop();
    await copy(this.#stack.data, folder);
    await writeFile(join(folder, 'npm-start.log'), this.#stack.output);
    return true;
  }

  /**
   * Ends every process and takes away every mount, folder and proxy of the system, also while it starts.
   *
   * @throws AggregateError with what could not be taken away; the rest is.
   */
  async remove(): Promise<void> {
    this.#isEnding = true;
    const errors: unknown[] = [];
    for (let undo = this.#undo.pop(); undo; undo = this.#undo.pop())
      await undo().catch((error: unknown) => errors.push(error));
    if (errors.length > 0) throw new AggregateError(errors, errors.map(String).join('; '));
  }

  async #make<Made>(make: () => Promise<Made>, undo: (made: Made) => Promise<unknown>): Promise<Made> {
    const made = await make();
    if (this.#isEnding) {
      await undo(made);
      throw new Error('The system was removed while it started.');
    }
    this.#undo.push(() => undo(made));
    return made;
  }

  /** As Ctrl-C does; what has not ended in time, or was left behind, is killed. */
  async #stop(): Promise<void> {
    const { stack } = this;
    this.heal();
    // A frozen process would not stop, and a full disk is nothing to stop on.
    signal(this.#own(), 'SIGCONT');
    for (const disk of this.disks.values()) await disk.free();
    await within(STOP_TIMEOUT, stack.stop(), () => undefined);
    await this.#killed();
  }

  #own(): number[] {
    return processesOf(`${CRASH_POINTS_FOLDER}=${this.#crashes}`, this.stack.data);
  }

  /** Kills what is left, and what it has started meanwhile. */
  async #killed(): Promise<void> {
    const end = performance.now() + KILL_TIMEOUT;
    for (let left = this.#own(); left.length > 0; left = this.#own().filter(isAlive)) {
      if (performance.now() > end) throw new Error(`These processes do not end: ${left.join(', ')}`);
      signal(left, 'SIGKILL');
      await sleep(50);
    }
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

/** What a promise resolves with, or `late` when that takes more than so many milliseconds. */
async function within<Value>(
  milliseconds: number,
  promise: Promise<Value>,
  late: () => Value,
): Promise<Value> {
  const done = new AbortController();
  const waiting = sleep(milliseconds, undefined, { signal: done.signal });
  try {
    return await Promise.race([promise, waiting.then(late)]);
  } finally {
    done.abort();
  }
}

/** A data folder of PostgreSQL without databases of ours, to start many systems from. */
export async function emptyCluster(): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), 'orderbridge-cluster-')), 'postgres');
  // The port is never listened on.
  await new LocalPostgres(folder, 1).prepare();
  return folder;
}
