import { readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Logger } from '@nestjs/common';
import {
  IbmMqClient,
  IbmMqConnectionManager,
  IbmMqServer,
  QueueOperator,
  type IbmMqConnectionOptions,
  type IbmMqServerOptions,
  type IncomingMessage,
  type OutgoingMessage,
  type UnitOfWork,
} from '../../src/index.js';
import { describe, serve, tell } from './channel.js';
import { FileLedger } from './file-ledger.js';

/** A message as it is told to the test. */
export interface ToldMessage {
  readonly messageId: string;
  readonly correlationId: string | undefined;
  readonly headers: Record<string, unknown>;
  readonly folders: Record<string, unknown>;
  readonly text: string;
  readonly format: string;
  readonly backoutCount: number;
  readonly persistent: boolean;
  readonly priority: number;
  readonly expires: boolean;
  readonly putAt: string;
  readonly putBy: string;
  readonly user: string;
  readonly replyTo: unknown;
  readonly conversionError: number | undefined;
}

export interface ToldUnit {
  readonly unit: number;
  readonly queue: string;
  readonly messages: readonly ToldMessage[];
}

/** What the test wants done with a unit of work. */
export interface Verdict {
  readonly unit: number;
  readonly send?: readonly OutgoingMessage[];
  readonly reject?: readonly { readonly index: number; readonly headers?: Record<string, string> }[];
  readonly fail?: string;
}

/** A message to move or to remove; `drops` is how the names of headers begin that are left out. */
export interface Move {
  readonly queue: string;
  readonly messageId: string;
  readonly ce_id?: string;
  readonly target: string;
  readonly drops?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

export interface Start {
  readonly connection: IbmMqConnectionOptions;
  readonly server?: Omit<IbmMqServerOptions, 'connection'>;
  /** Path of a ledger that outlives the program. Without it, deliveries are remembered in memory. */
  readonly ledger?: string;
  /** Commits all units of work unasked, and tells only about them. */
  readonly automatic?: boolean;
}

function told(message: IncomingMessage): ToldMessage {
  return {
    messageId: message.messageId,
    correlationId: message.correlationId,
    headers: toldHeaders(message.headers),
    folders: message.folders,
    text: message.text(),
    format: message.format,
    backoutCount: message.backoutCount,
    persistent: message.persistent,
    priority: message.priority,
    expires: message.expiry !== undefined,
    putAt: message.putAt.toISOString(),
    putBy: message.putBy,
    user: message.user,
    replyTo: message.replyTo,
    conversionError: message.conversionError,
  };
}

function toldHeaders(headers: IncomingMessage['headers']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? `${value}n` : Buffer.isBuffer(value) ? `0x${value.toString('hex')}` : value,
    ]),
  );
}

Logger.overrideLogger(false);

let manager: IbmMqConnectionManager;
let client: IbmMqClient;
let server: TestServer | undefined;
let automatic = false;
let units = 0;
const verdicts = new Map<number, (verdict: Verdict) => void>();

/** Lets the test decide about each unit of work. */
class TestServer extends IbmMqServer {
  protected override async handleUnitOfWork(unit: UnitOfWork): Promise<void> {
    const number = ++units;
    unit.signal.addEventListener('abort', () => tell('aborted', number));
    const decided = new Promise<Verdict>((resolve) => verdicts.set(number, resolve));
    tell('unit', { unit: number, queue: unit.queue, messages: unit.messages.map(told) } satisfies ToldUnit);
    if (automatic) return;
    const { send = [], reject = [], fail } = await decided;
    await unit.send(...send);
    for (const { index, headers } of reject) {
      await unit.reject(unit.messages[index] as IncomingMessage, { headers });
    }
    if (fail !== undefined) throw new Error(fail);
  }

  protected override backoutHeaders(message: IncomingMessage) {
    return { backout_count: message.backoutCount };
  }
}

const delays = monitorEventLoopDelay({ resolution: 20 });
delays.enable();

serve({
  start(options: Start) {
    const observed =
      (name: string) =>
      (...values: unknown[]) =>
        tell('observed', { name, values: values.map(plain) });
    manager = new IbmMqConnectionManager(options.connection, {
      connected: observed('connected'),
      disconnected: observed('disconnected'),
      connectFailed: observed('connectFailed'),
      received: observed('received'),
      committed: observed('committed'),
      backedOut: observed('backedOut'),
      requeued: observed('requeued'),
      deadLettered: observed('deadLettered'),
      sent: observed('sent'),
    });
    manager.status$.subscribe((status) => tell('status', status));
    client = new IbmMqClient({ connection: manager, sendTimeout: 10_000 });
    automatic = options.automatic ?? false;
    if (!options.server) return;
    const ledger = options.ledger === undefined ? undefined : new FileLedger(options.ledger);
    server = new TestServer({ connection: manager, ...options.server, ledger });
    server.listen((error) => {
      if (error) throw error as Error;
    });
  },
  send: (messages: OutgoingMessage[]) => client.sendBatch(messages),
  async sendAll(messages: OutgoingMessage[]) {
    const { sent, refused, blocked, failure } = await client.sendAll(messages);
    return {
      sent: sent.map(({ body }) => body),
      refused: refused.map(({ message }) => message.body),
      blocked: Object.fromEntries([...blocked].map(([queue, error]) => [queue, plain(error)])),
      failure: plain(failure),
    };
  },
  depth: (queue: string) => client.queueDepth(queue),
  async browse(queue: string) {
    const seen: ToldMessage[] = [];
    await new QueueOperator(manager).browse(queue, (message) => {
      seen.push(told(message));
    });
    return seen;
  },
  move({ queue, messageId, ce_id, target, drops, headers, body }: Move) {
    const chosen = (message: IncomingMessage) => ce_id === undefined || message.headers['ce_id'] === ce_id;
    return new QueueOperator(manager).move(queue, messageId, chosen, target, {
      headers,
      ...(drops && { drops: (header) => header.startsWith(drops) }),
      ...(body && { body: Buffer.from(body) }),
    });
  },
  remove: ({ queue, messageId }: Move) => new QueueOperator(manager).remove(queue, messageId, () => true),
  backoutQueueOf: (queue: string) => new QueueOperator(manager).backoutQueueOf(queue),
  check: () => (server ?? client).check(),
  decide: (verdict: Verdict) => verdicts.get(verdict.unit)?.(verdict),
  /** Milliseconds for which the event loop was held at most. */
  longestPause: () => delays.max / 1_000_000,
  /** Uses the threads of libuv's pool, all at a time. */
  readFiles: () =>
    Promise.all(Array.from({ length: 8 }, () => readFile(import.meta.filename).then(() => true))),
  async close() {
    await server?.close();
    await manager.close();
  },
  exit: () => process.exit(0),
});

function plain(value: unknown): unknown {
  return value instanceof Error ? describe(value) : value;
}
