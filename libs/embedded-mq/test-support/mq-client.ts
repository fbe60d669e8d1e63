import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A verb of `ibmmq` that failed or ended with a warning. */
export class MqFailure extends Error {
  constructor(
    readonly reason: number,
    readonly completion: number,
    message: string,
  ) {
    super(message);
  }
}

export interface Delivery {
  event: 'message' | 'failure';
  object: string;
  body?: string;
  reason?: number;
  descriptor?: Record<string, unknown>;
  properties?: Record<string, unknown>;
}

// oxlint-disable-next-line typescript/no-explicit-any -- what comes back is what each verb of ibmmq-program.mjs returns
type Result = any;
type Arguments = Record<string, unknown>;

/** A child process that calls the verbs of the unmodified `ibmmq`. */
export class MqClient {
  private lastId = 0;
  private readonly pending = new Map<
    number,
    { resolve: (value: Result) => void; reject: (error: Error) => void }
  >();
  readonly deliveries: Delivery[] = [];
  private readonly waiting = new Set<() => void>();

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (message: Record<string, Result>) => this.receive(message));
    child.once('exit', () => {
      for (const { reject } of this.pending.values()) reject(new Error('the client process has ended'));
      this.pending.clear();
    });
  }

  /** @throws when `ibmmq` cannot be loaded, which it says on standard error */
  static async start(env: Readonly<Record<string, string>>): Promise<MqClient> {
    const child = fork(fileURLToPath(new URL('ibmmq-program.mjs', import.meta.url)), {
      env: { ...process.env, ...env, MQIJS_NOOTEL: '1', NODE_OPTIONS: '' },
      execArgv: [],
    });
    const exited = once(child, 'exit').then(() => {
      throw new Error('the client process ended before it was ready');
    });
    await Promise.race([once(child, 'message'), exited]);
    return new MqClient(child);
  }

  private receive(message: Record<string, Result>): void {
    if (message.event) {
      this.deliveries.push(message as unknown as Delivery);
      for (const wake of this.waiting) wake();
      return;
    }
    const { resolve, reject } = this.pending.get(message.id as number)!;
    this.pending.delete(message.id as number);
    const { error } = message;
    if (error)
      reject(new MqFailure(error.reason as number, error.completion as number, error.message as string));
    else resolve(message.result);
  }

  /** Carries out a verb of ibmmq-program.mjs. @throws MqFailure with the verb's reason code */
  call(name: string, args: Arguments = {}): Promise<Result> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      this.child.send({ id, name, args });
    });
  }

  /** The reason code a verb fails with; 0 when it succeeds. */
  async reason(name: string, args: Arguments = {}): Promise<number> {
    try {
      await this.call(name, args);
      return 0;
    } catch (error) {
      if (error instanceof MqFailure && error.reason !== undefined) return error.reason;
      throw error;
    }
  }

  /** Resolves once there have been so many deliveries. */
  async delivered(count: number): Promise<Delivery[]> {
    while (this.deliveries.length < count) {
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.waiting.delete(wake);
          resolve();
        };
        this.waiting.add(wake);
      });
    }
    return this.deliveries;
  }

  /** Whether a verb is under way. */
  get busy(): boolean {
    return this.pending.size > 0;
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  async stop(): Promise<void> {
    if (this.ended) return;
    const exited = once(this.child, 'exit');
    this.child.disconnect();
    await exited;
  }

  /** SIGSTOP and SIGCONT: a process that hangs for a while. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends the process without giving it a chance to disconnect. */
  async kill(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}
