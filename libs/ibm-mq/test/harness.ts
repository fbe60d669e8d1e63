import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startQueueManager, type RunningQueueManager } from '@orderbridge/embedded-mq';
import type { IbmMqConnectionOptions, IbmMqServerOptions } from '../src/index.js';
import { compile, type Compiled } from './compile.js';
import { Program } from './program.js';
import type { RawMessage } from './programs/raw.js';
import type { Move, Start, ToldMessage, ToldUnit, Verdict } from './programs/units.js';
import { Proxy } from './proxy.js';

/** Compiled once, by whoever comes first. */
const clientLibraryCache = join(import.meta.dirname, '../../../node_modules/.cache/ibm-mq-client');
const compiled: Compiled = compile();
afterAll(() => compiled.remove());

const MQSC = `
DEFINE QLOCAL(IN) BOTHRESH(3) BOQNAME(IN.BOQ) REPLACE
DEFINE QLOCAL(IN.BOQ) REPLACE
DEFINE QLOCAL(OUT) REPLACE
DEFINE QLOCAL(DEAD) REPLACE
DEFINE CHANNEL(QUICK) CHLTYPE(SVRCONN) TRPTYPE(TCP) HBINT(1) REPLACE
ALTER QMGR DEADQ(DEAD)
`;

export interface RawDelivery {
  readonly data: string;
  readonly descriptor: Record<string, number | string>;
}

/** A program that takes and sends through the library. */
export class Units {
  readonly program: Program;

  constructor(program: Program) {
    this.program = program;
  }

  send(...messages: { queue: string; body: string; [option: string]: unknown }[]): Promise<void> {
    return this.program.call('send', messages);
  }

  /** Sends in units of work as the queue manager takes them; bodies stand for messages. */
  sendAll(
    ...messages: { queue: string; body: string; [option: string]: unknown }[]
  ): Promise<{ sent: string[]; refused: string[]; blocked: Record<string, unknown>; failure?: unknown }> {
    return this.program.call('sendAll', messages);
  }

  /** The next unit of work that the program was given. */
  unit(): Promise<ToldUnit> {
    return this.program.event<ToldUnit>('unit');
  }

  decide({ unit }: ToldUnit, verdict: Omit<Verdict, 'unit'> = {}): Promise<void> {
    return this.program.call('decide', { unit, ...verdict });
  }

  /** Waits for an observation; its values are the arguments of the observer's method. */
  async observed(name: string): Promise<unknown[]> {
    const { values } = await this.program.event<{ name: string; values: unknown[] }>(
      'observed',
      (observation) => observation.name === name,
    );
    return values;
  }

  browse(queue: string): Promise<ToldMessage[]> {
    return this.program.call('browse', queue);
  }

  move(move: Move): Promise<boolean> {
    return this.program.call('move', move);
  }

  remove(queue: string, messageId: string): Promise<boolean> {
    return this.program.call('remove', { queue, messageId });
  }

  backoutQueueOf(queue: string): Promise<string> {
    return this.program.call('backoutQueueOf', queue);
  }

  depth(queue: string): Promise<number> {
    return this.program.call('depth', queue);
  }
}

/** A queue manager, a proxy in front of it, and programs that use it. */
export class Harness {
  readonly proxy: Proxy;
  #queueManager: RunningQueueManager;
  readonly #dataDir: string;
  readonly #mqsc: string;
  readonly #programs: Program[] = [];

  private constructor(queueManager: RunningQueueManager, proxy: Proxy, dataDir: string, mqsc: string) {
    this.#mqsc = mqsc;
    this.#queueManager = queueManager;
    this.proxy = proxy;
    this.#dataDir = dataDir;
  }

  static async start(mqsc = MQSC): Promise<Harness> {
    const dataDir = mkdtempSync(join(tmpdir(), 'ibm-mq-test-'));
    const queueManager = await startQueueManager({ dataDir, mqsc, cacheDir: clientLibraryCache });
    return new Harness(queueManager, await Proxy.start(queueManager.port), dataDir, mqsc);
  }

  /** Options to connect through the proxy. */
  get connection(): IbmMqConnectionOptions {
    return {
      queueManager: this.#queueManager.name,
      addresses: `127.0.0.1:${this.proxy.port}`,
      reconnect: { initialDelay: 20, maxDelay: 100 },
    };
  }

  /** Options to connect through the proxy, with a heartbeat each second: silence is noticed after two. */
  get quickConnection(): IbmMqConnectionOptions {
    return { ...this.connection, channel: 'QUICK', heartbeatInterval: 1 };
  }

  /** The port of the queue manager itself. */
  get port(): number {
    return this.#queueManager.port;
  }

  /** What a process needs in its environment to load the stand-in for the client library. */
  get environment(): Readonly<Record<string, string>> {
    return this.#queueManager.env;
  }

  /** Runs a compiled file of test/programs. */
  async program(name: string, environment: Record<string, string> = {}): Promise<Program> {
    const file = join(compiled.folder, 'test/programs', `${name}.js`);
    const program = await Program.start(file, { ...this.#queueManager.env, ...environment });
    this.#programs.push(program);
    return program;
  }

  /** A program that only sends. */
  sender(connection: Partial<IbmMqConnectionOptions> = {}): Promise<Units> {
    return this.#units({ connection: { ...this.connection, ...connection } });
  }

  /** A program that consumes as the options say. */
  consumer(server: Omit<IbmMqServerOptions, 'connection'>, more: Partial<Start> = {}): Promise<Units> {
    const backoff = { initialDelay: 5, maxDelay: 50 };
    return this.#units({ connection: this.connection, server: { backoff, ...server }, ...more });
  }

  async #units(start: Start): Promise<Units> {
    const program = await this.program('units');
    await program.call('start', start);
    return new Units(program);
  }

  /** A program that uses the MQI without the library. */
  async raw() {
    const program = await this.program('raw');
    await program.call('connect', `127.0.0.1(${this.#queueManager.port})`);
    return {
      put: (message: RawMessage) => program.call<string>('put', message),
      get: (queue: string) => program.call<RawDelivery | null>('get', queue),
      getWithProperties: (queue: string) => program.call<Record<string, unknown>>('getWithProperties', queue),
    };
  }

  /** Carries out commands on the queue manager. */
  mqsc(commands: string): void {
    const { problems } = this.#queueManager.mqsc(commands);
    if (problems.length > 0) throw new Error(problems.map(({ text }) => text).join('; '));
  }

  /** A file for a ledger, empty, which goes away with the queue manager. */
  ledgerFile(): string {
    const path = join(this.#dataDir, 'ledger.json');
    writeFileSync(path, '{}');
    return path;
  }

  /** Stops the queue manager and starts it again on the same port. */
  async restart(): Promise<void> {
    const { port } = this.#queueManager;
    await this.#queueManager.close();
    this.#queueManager = await startQueueManager({
      dataDir: this.#dataDir,
      mqsc: this.#mqsc,
      port,
      cacheDir: clientLibraryCache,
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.kill()));
    await this.proxy.close();
    await this.#queueManager.close();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }
}

export const texts = ({ messages }: ToldUnit): string[] => messages.map(({ text }: ToldMessage) => text);
