import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';

export type ServiceName =
  | 'order'
  | 'inventory'
  | 'payment'
  | 'shipping'
  | 'dead-letter-desk'
  | 'carrier-mock'
  | 'payment-gateway-mock';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/dist\/$/, '');

const PORTS: Readonly<Record<ServiceName, number>> = {
  order: 8081,
  inventory: 8083,
  shipping: 8084,
  payment: 8087,
  'dead-letter-desk': 8088,
  'carrier-mock': 8090,
  'payment-gateway-mock': 8091,
};

/** What runs the system. */
const STARTS = {
  embedded: { program: 'apps/stack/start.mjs', portOffset: 0 },
  // Has ports of its own, so that one test can run in both ways at once.
  real: { program: 'test/real-backends/start.mjs', portOffset: 200 },
};

/**
 * What the services run on: `embedded`, all that `npm start` brings along, or `real`, Apache Kafka and Debian's
 * PostgreSQL. Chosen by ORDERBRIDGE_BACKENDS.
 */
export const BACKENDS = (process.env['ORDERBRIDGE_BACKENDS'] ?? 'embedded') as keyof typeof STARTS;
if (!(BACKENDS in STARTS)) throw new Error(`ORDERBRIDGE_BACKENDS must be embedded or real, not ${BACKENDS}`);

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line typescript/no-explicit-any -- what the partner sends, for the test to judge
  readonly body: any;
}

/**
 * The whole system as a user starts it, `npm start -- --data DIR --port-offset N`, for tests and the bench; with
 * ORDERBRIDGE_BACKENDS=real the same services on Apache Kafka and Debian's PostgreSQL.
 */
export class RunningStack {
  readonly #output: string[] = [];
  #process: ChildProcess | undefined;

  private constructor(
    readonly data: string,
    readonly portOffset: number,
    readonly environment: Readonly<Record<string, string>>,
    readonly without: readonly ServiceName[],
  ) {}

  /**
   * A stack that is not started yet, on a data folder of its own; `environment` is given to every process. Services that
   * it does without can be run with `runByHand`.
   */
  static async create(
    portOffset: number,
    environment: Readonly<Record<string, string>> = {},
    without: readonly ServiceName[] = [],
  ): Promise<RunningStack> {
    const data = await mkdtemp(join(tmpdir(), 'orderbridge-'));
    return new RunningStack(data, portOffset + STARTS[BACKENDS].portOffset, environment, without);
  }

  get output(): string {
    return this.#output.join('');
  }

  /** Process id of `npm start` itself, the parent of all others. */
  get supervisorPid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error('The stack is not started.');
    return pid;
  }

  /** Address of Kafka. */
  get kafka(): string {
    return `127.0.0.1:${59_092 + this.portOffset}`;
  }

  /** Address of the queue manager, as MQ writes it. */
  get mq(): string {
    return `127.0.0.1(${51_414 + this.portOffset})`;
  }

  /** URL of a database. */
  database(name: string): string {
    return `postgres://orderbridge:orderbridge@127.0.0.1:${54_329 + this.portOffset}/${name}`;
  }

  /** Resolves when the welcome is on the screen. */
  async start(): Promise<void> {
    const child = spawn(
      process.execPath,
      [
        ...[STARTS[BACKENDS].program, '--data', this.data, '--port-offset', `${this.portOffset}`],
        ...this.without.flatMap((name) => ['--without', name]),
      ],
      { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...this.environment } },
    );
    this.#process = child;
    this.#output.length = 0;
    const keep = (chunk: Buffer) => this.#output.push(chunk.toString());
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    while (!this.output.includes('Orderbridge is ready.')) {
      if (hasEnded(child)) throw new Error(`The system ended:\n${this.output}`);
      await sleep(50);
    }
  }

  /**
   * Starts a service that the stack does without, as its user would by hand; it logs where the stack does. The caller
   * ends it, before the stack. `settings` are variables that it is given beside, or instead of, those of the stack.
   */
  async runByHand(
    service: ServiceName,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<ChildProcess> {
    // Where libraries are looked for has to be there when a process starts; --env-file would be too late.
    const environment = parseEnv(await readFile(join(this.data, 'env', `${service}.env`), 'utf8'));
    const log = await open(join(this.data, 'logs', `${service}.log`), 'a');
    try {
      return spawn(process.execPath, [join('dist', 'apps', service, 'src', 'main.js')], {
        cwd: ROOT,
        stdio: ['ignore', log.fd, log.fd],
        env: { ...process.env, ...this.environment, ...environment, ...settings },
      });
    } finally {
      await log.close();
    }
  }

  /** From now on nobody reads what it prints. */
  closeOutput(): void {
    this.#process?.stdout?.destroy();
  }

  /** Ctrl-C. Resolves with the exit code, null when a signal ended it. */
  async stop(): Promise<number | null> {
    const child = this.#process;
    if (!child || hasEnded(child)) return child?.exitCode ?? null;
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    await ended;
    return child.exitCode;
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.data, { recursive: true, force: true });
  }

  url(service: ServiceName, path = ''): string {
    return `http://127.0.0.1:${PORTS[service] + this.portOffset}${path}`;
  }

  get(service: ServiceName, path: string): Promise<Answer> {
    return this.#request(service, path, {});
  }

  post(
    service: ServiceName,
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
    timeout?: number,
  ): Promise<Answer> {
    return this.#request(service, path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      ...within(timeout),
    });
  }

  /** Rejects when no answer has come after `timeout` milliseconds, as `post` does. */
  put(service: ServiceName, path: string, timeout?: number): Promise<Answer> {
    return this.#request(service, path, { method: 'PUT', ...within(timeout) });
  }

  /** The process id of one of the system's processes, also `postgres`, `kafka` and `mq`. */
  async pid(name: string): Promise<number> {
    return Number(await readFile(join(this.data, 'logs', `${name}.pid`), 'utf8'));
  }

  /** kill -9. */
  async kill(name: string): Promise<void> {
    process.kill(await this.pid(name), 'SIGKILL');
  }

  async #request(service: ServiceName, path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(this.url(service, path), init);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }
}

/** Of its own accord, or by a signal. */
const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;

const within = (timeout: number | undefined): RequestInit =>
  timeout === undefined ? {} : { signal: AbortSignal.timeout(timeout) };

/** Polls until the condition holds; the test's time-out ends it otherwise. */
export async function until<Value>(
  look: () => Promise<Value> | Value,
  holds: (value: Value) => boolean,
  interval = 50,
): Promise<Value> {
  for (;;) {
    const value = await look();
    if (holds(value)) return value;
    await sleep(interval);
  }
}
