import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { clientLibrary, libraryEnvironment } from '@orderbridge/embedded-mq';
import type { RunningStack } from '@orderbridge/running-stack';
import { compiled } from '../system/compiled.js';

const PROGRAM = compiled(import.meta.url, 'poisoner.js');

/** Messages of a stranger that no consumer can handle, on Kafka and on IBM MQ: each has to become a dead letter. */
export class Poison {
  /** Ids of those that a broker has accepted. */
  readonly accepted = new Set<string>();
  readonly #program: ChildProcess;

  private constructor(program: ChildProcess) {
    this.#program = program;
    if (program.stdout) createInterface(program.stdout).on('line', (id) => this.accepted.add(id));
  }

  static async start(stack: RunningStack): Promise<Poison> {
    const library = await clientLibrary({ cacheDir: join(stack.data, 'mq-client') });
    return new Poison(
      spawn(process.execPath, [PROGRAM, stack.kafka, stack.mq], {
        env: { ...process.env, ...libraryEnvironment(library) },
        stdio: ['pipe', 'pipe', 'inherit'],
      }),
    );
  }

  /** Puts nothing more. @throws Error when the program has ended by itself. */
  async stop(): Promise<void> {
    const program = this.#program;
    if (program.exitCode !== null || program.signalCode !== null)
      throw new Error(`The poisoner ended with ${program.exitCode ?? program.signalCode}.`);
    const closed = once(program, 'close');
    // It may be held up in a call to a queue manager that does not answer.
    program.kill('SIGKILL');
    await closed;
  }
}
