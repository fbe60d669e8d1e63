import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { RunningStack, ServiceName } from '@orderbridge/running-stack';

/** One of several processes of a service, started by hand on a port of its own. */
export class Replica {
  #process: ChildProcess | undefined;

  constructor(
    private readonly stack: RunningStack,
    readonly service: ServiceName,
    readonly port: number,
  ) {}

  async start(): Promise<void> {
    this.#process = await this.stack.runByHand(this.service, { PORT: `${this.port}` });
  }

  /** Whether it runs, ready or not. */
  get runs(): boolean {
    return (
      this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null
    );
  }

  /** SIGTERM. Resolves when it has ended, with its exit code, null when a signal ended it. */
  async stop(): Promise<number | null> {
    if (!this.#process) return null;
    if (this.runs) {
      const ended = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      await ended;
    }
    return this.#process.exitCode;
  }
}
