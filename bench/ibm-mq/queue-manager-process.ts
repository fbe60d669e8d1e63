import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMMAND = fileURLToPath(new URL('../../libs/embedded-mq/src/cli.js', import.meta.url));

/** A queue manager in a process of its own, as a user starts it. */
export class QueueManagerProcess {
  readonly #child: ChildProcess;
  #environment: Readonly<Record<string, string>> = {};
  #printed = '';

  /** @param folder where it keeps its data and finds `objects.mqsc` */
  constructor(folder: string) {
    const data = ['--data', join(folder, 'data'), '--mqsc', join(folder, 'objects.mqsc')];
    this.#child = fork(COMMAND, [...data, '--port', '0'], {
      stdio: 'pipe',
      execArgv: [],
      // Ctrl-C reaches the whole process group; it is stopped after those that use it.
      detached: true,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#printed += chunk.toString()));
  }

  /**
   * Resolves when it listens.
   *
   * @throws Error with what it printed, when it ends instead
   */
  async ready(): Promise<void> {
    const ended = once(this.#child, 'exit').then(() => {
      throw new Error(`The queue manager ended:\n${this.#printed}`);
    });
    const [message] = (await Promise.race([once(this.#child, 'message'), ended])) as [
      { env: Record<string, string> },
    ];
    ended.catch(() => undefined);
    this.#environment = message.env;
  }

  /** What a program needs in its environment to connect to it. */
  get environment(): Readonly<Record<string, string>> {
    return this.#environment;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** How often it forced data to disk so far. */
  async syncs(): Promise<number> {
    const printed = new Promise<number>((resolve) => {
      this.#child.stdout?.once('data', (chunk: Buffer) =>
        resolve((JSON.parse(chunk.toString()) as { syncs: number }).syncs),
      );
    });
    this.#child.kill('SIGUSR2');
    return printed;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await ended;
  }
}
