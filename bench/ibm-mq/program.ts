import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Methods } from './programs/serve.js';

type Result<Method> = Method extends (argument: never) => infer Given ? Awaited<Given> : never;

/** One of `programs/` in a process of its own. */
export class Program<Offered extends Methods> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #name: string;
  #requests = 0;

  /** @param environment what `ibmmq` needs to find its queue manager */
  constructor(name: string, environment: Readonly<Record<string, string>>) {
    this.#name = name;
    this.#child = fork(fileURLToPath(new URL(`programs/${name}.js`, import.meta.url)), {
      env: { ...process.env, ...environment },
      serialization: 'advanced',
      execArgv: ['--enable-source-maps'],
    });
    this.#child.on('message', (answer: Answer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
    this.#child.once('exit', () => {
      for (const [id, settle] of this.#waiting) settle({ id, problem: 'it ended' });
      this.#waiting.clear();
    });
  }

  /** Resolves when it answers. */
  async ready(): Promise<void> {
    await this.#answer(0);
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** @throws Error with the stack of the one that was thrown over there */
  async call<Method extends keyof Offered & string>(
    method: Method,
    ...[argument]: Parameters<Offered[Method]>
  ): Promise<Result<Offered[Method]>> {
    const id = ++this.#requests;
    const answered = this.#answer(id);
    this.#child.send({ id, method, argument });
    return (await answered) as Result<Offered[Method]>;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async #answer(id: number): Promise<unknown> {
    const answer = await new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    if (answer.problem !== undefined) throw new Error(`The ${this.#name} failed: ${answer.problem}`);
    return answer.result;
  }
}
