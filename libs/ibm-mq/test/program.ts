import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Report } from './programs/channel.js';

/** A child process that runs one of the test programs. */
export class Program {
  readonly #child: ChildProcess;
  readonly #answers = new Map<number, (report: Report) => void>();
  readonly #events: { name: string; value: unknown }[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #exited: Promise<number | null>;
  #commands = 0;
  #hasExited = false;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.#exited = once(child, 'exit').then(([code]) => {
      this.#hasExited = true;
      for (const watch of this.#watchers) watch();
      return code as number | null;
    });
    child.on('message', (report: Report) => this.#reported(report));
  }

  static async start(file: string, environment: Readonly<Record<string, string>>): Promise<Program> {
    const program = new Program(
      fork(file, { env: { ...process.env, ...environment }, execArgv: ['--enable-source-maps'] }),
    );
    await program.event('ready');
    return program;
  }

  /** Rejects with the error of the program, its properties with it. */
  async call<Result = unknown>(method: string, argument?: unknown): Promise<Result> {
    const id = ++this.#commands;
    const answer = new Promise<Report>((resolve) => this.#answers.set(id, resolve));
    this.#child.send({ id, method, argument });
    const report = await answer;
    if (report.kind === 'error') throw Object.assign(new Error(), report.error);
    return (report as { result: Result }).result;
  }

  /** Waits for an event that was told and has not been waited for yet. */
  async event<Value = unknown>(
    name: string,
    matches: (value: Value) => boolean = () => true,
  ): Promise<Value> {
    for (;;) {
      const index = this.#events.findIndex((event) => event.name === name && matches(event.value as Value));
      if (index >= 0) return this.#events.splice(index, 1)[0]?.value as Value;
      if (this.#hasExited) throw new Error(`The program has ended; no ${name} came.`);
      await new Promise<void>((resolve) => {
        const watch = () => {
          this.#watchers.delete(watch);
          resolve();
        };
        this.#watchers.add(watch);
      });
    }
  }

  /** The events told so far and not waited for. */
  told<Value = unknown>(name: string): Value[] {
    return this.#events.filter((event) => event.name === name).map(({ value }) => value as Value);
  }

  /** Lets the program end by itself; resolves with its exit code. */
  exit(): Promise<number | null> {
    void this.call('exit');
    return this.#exited;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #reported(report: Report): void {
    if (report.kind === 'event') {
      this.#events.push({ name: report.name, value: report.value });
      for (const watch of this.#watchers) watch();
    } else {
      this.#answers.get(report.id)?.(report);
      this.#answers.delete(report.id);
    }
  }
}
