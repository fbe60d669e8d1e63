import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PortReservation } from './port-reservation.js';
import { isListening } from './ports.js';
import { lowerPriority } from './priority.js';
import type { ProcessDefinition } from './process-definition.js';

export interface SupervisorOptions {
  readonly processes: readonly ProcessDefinition[];
  /** Folder for one log file and one file with the process id per process. */
  readonly logs: string;
  readonly say: (line: string) => void;
}

interface Run {
  readonly startedAt: number;
  /** How the process ended. */
  readonly ended: Promise<string>;
  readonly ready: Promise<string | undefined>;
}

/** Milliseconds between looks at whether a process is ready. */
const LOOK_INTERVAL = 50;
/** Milliseconds within which a process must be ready. */
const READY_TIMEOUT = 60_000;
/** Milliseconds after which a process that does not stop is killed. */
const STOP_TIMEOUT = 25_000;
/** Milliseconds before a process that has died is started again: the first time, and at the most. */
const RESTART = { first: 200, most: 5_000 };
/** A process that lives this many milliseconds is well; its next restart is a first one. */
const WELL = 10_000;

/**
 * Starts processes in the order of their needs, starts those again that die, and stops all of them, those that need
 * others first.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #children = new Map<string, ChildProcess>();
  readonly #ready = new Map<string, Promise<void>>();
  readonly #ports = new PortReservation();
  readonly #begun = performance.now();
  #stopping = false;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    mkdirSync(options.logs, { recursive: true });
  }

  /** Resolves when every process is ready. Rejects with why one is not; then nothing is left running. */
  async start(): Promise<void> {
    try {
      for (const { name, port } of this.#options.processes) {
        await this.#ports.reserve(port, name, (reason) => this.#options.say(`  ${reason}`));
      }
      await Promise.all(this.#options.processes.map((definition) => this.#readyFirst(definition)));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Resolves when every process has ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const group of this.#inStopOrder()) {
      await Promise.all(group.map((definition) => this.#stop(definition)));
    }
    this.#ports.release();
  }

  logOf(name: string): string {
    return join(this.#options.logs, `${name}.log`);
  }

  /** Resolves when a process is ready for the first time. From then on it is started again whenever it ends. */
  #readyFirst(definition: ProcessDefinition): Promise<void> {
    let ready = this.#ready.get(definition.name);
    if (!ready) {
      ready = this.#startWhenPossible(definition);
      this.#ready.set(definition.name, ready);
    }
    return ready;
  }

  async #startWhenPossible(definition: ProcessDefinition): Promise<void> {
    const { processes, say } = this.#options;
    const needed = processes.filter(({ name }) => definition.needs.includes(name));
    await Promise.all(needed.map((other) => this.#readyFirst(other)));
    const run = await this.#run(definition);
    const how = await run.ready;
    if (how !== undefined) {
      throw new Error(`${definition.name} did not start (${how}).\n${await this.#lastLines(definition)}`);
    }
    say(`  ${definition.name} is ready (${((performance.now() - this.#begun) / 1_000).toFixed(1)} s)`);
    void this.#keepRunning(definition, run);
  }

  /** Starts a process. `ready` resolves with how it ended, or why it did not begin, where it did not become ready. */
  async #run(definition: ProcessDefinition): Promise<Run> {
    const startedAt = performance.now();
    let child: ChildProcess;
    try {
      await definition.prepare?.();
      if (this.#stopping) throw new Error('Stopped.');
      child = this.#spawn(definition);
    } catch (error) {
      const why = Promise.resolve((error as Error).message);
      return { startedAt, ended: why, ready: why };
    }
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
    return { startedAt, ended, ready: Promise.race([this.#becomesReady(definition, child, ended), ended]) };
  }

  async #becomesReady(
    { name, port, readyUrl, complete }: ProcessDefinition,
    child: ChildProcess,
    ended: Promise<string>,
  ): Promise<string | undefined> {
    const end = Date.now() + READY_TIMEOUT;
    while (!(readyUrl ? await answers(readyUrl) : await isListening(port))) {
      if (child.exitCode !== null || child.signalCode !== null) return ended;
      if (Date.now() > end) {
        this.#options.say(`${name} is not ready after ${READY_TIMEOUT / 1_000} s; see ${this.logOf(name)}`);
        child.kill('SIGKILL');
        return ended;
      }
      await sleep(LOOK_INTERVAL);
    }
    try {
      await complete?.();
      return undefined;
    } catch (error) {
      this.#options.say(`${name}: ${(error as Error).message}`);
      child.kill('SIGKILL');
      return ended;
    }
  }

  async #keepRunning(definition: ProcessDefinition, first: Run): Promise<void> {
    const { say } = this.#options;
    let run = first;
    for (let failures = 0; ; failures++) {
      const how = await run.ended;
      if (this.#stopping) return;
      if (performance.now() - run.startedAt > WELL) failures = 0;
      say(`${definition.name} ended (${how}); starting it again`);
      await sleep(Math.min(RESTART.most, RESTART.first * 2 ** failures));
      if (this.#stopping) return;
      run = await this.#run(definition);
      if ((await run.ready) === undefined) say(`${definition.name} is ready again`);
    }
  }

  #spawn({ name, command, args, environment, ipc, nice }: ProcessDefinition): ChildProcess {
    const log = openSync(this.logOf(name), 'a');
    try {
      const child = spawn(command, [...args], {
        env: { ...process.env, ...environment },
        stdio: ipc ? ['ignore', log, log, 'ipc'] : ['ignore', log, log],
        // A Ctrl-C goes to the whole process group of the terminal; the order of stopping is ours.
        detached: true,
      });
      this.#children.set(name, child);
      if (child.pid && nice) void lowerPriority(child.pid, nice);
      try {
        if (child.pid) writeFileSync(join(this.#options.logs, `${name}.pid`), `${child.pid}\n`);
      } catch (error) {
        child.kill('SIGKILL');
        throw error;
      }
      return child;
    } finally {
      closeSync(log);
    }
  }

  async #stop({ name, stopSignal }: ProcessDefinition): Promise<void> {
    const child = this.#children.get(name);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(stopSignal);
    const timer = setTimeout(() => {
      this.#options.say(`${name} does not stop; killing it`);
      child.kill('SIGKILL');
    }, STOP_TIMEOUT);
    await ended;
    clearTimeout(timer);
  }

  /** Those first that no other process needs: services, then brokers and mocks, then the database. */
  #inStopOrder(): ProcessDefinition[][] {
    const { processes } = this.#options;
    const services = processes.filter(({ needs }) => needs.length > 0);
    const needed = processes.filter(({ needs }) => needs.length === 0);
    return [services, needed.filter(({ ipc }) => ipc), needed.filter(({ ipc }) => !ipc)];
  }

  async #lastLines({ name }: ProcessDefinition): Promise<string> {
    const text = await readFile(this.logOf(name), 'utf8').catch(() => '');
    return text
      .trimEnd()
      .split('\n')
      .slice(-10)
      .map((line) => `  ${name}: ${line.slice(0, 300)}`)
      .join('\n');
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(3_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
