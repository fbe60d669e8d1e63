import { createServer, type Server, type Socket } from 'node:net';

import type { Faults } from './faults.js';
import { Heartbeats } from './heartbeats.js';
import { Completion, Reason } from './mqi-constants.js';
import { MqiError } from './mqi-error.js';
import { MAX_HEARTBEAT_INTERVAL } from './objects.js';
import {
  failure,
  FrameReader,
  heartbeat,
  MAGIC,
  MAX_PAYLOAD,
  Operation,
  PayloadReader,
  ProtocolError,
  ReplyWriter,
  VERSION,
} from './protocol.js';
import { IdentifierSource, type Origin } from './put-request.js';
import type { QueueManager } from './queue-manager.js';
import { Session } from './session.js';

/** User names and their passwords. */
export type Users = Readonly<Record<string, string>>;

/** A connection must say who it is within this time, in ms, so that idle strangers do not pile up. */
const CONNECT_TIMEOUT = 10_000;
/** ms for the last reply to reach a client when the queue manager stops. */
const STOP_TIMEOUT = 1000;

/** Accepts connections and hands their requests to sessions. */
export class Listener {
  private readonly server: Server;
  private readonly connections = new Set<Connection>();
  private readonly identifiers: IdentifierSource;

  constructor(
    private readonly queueManager: QueueManager,
    /** Undefined when passwords are not checked. */
    private readonly users: Users | undefined,
    private readonly faults: Faults,
  ) {
    this.identifiers = new IdentifierSource(queueManager.name);
    this.server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.accept(socket));
  }

  /** @returns the port, which is the one asked for unless that was 0 */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    const address = this.server.address();
    return typeof address === 'object' && address ? address.port : port;
  }

  private accept(socket: Socket): void {
    const connection: Connection = new Connection(socket, this.faults, (greeting) =>
      this.welcome(greeting, connection),
    );
    this.connections.add(connection);
    socket.once('close', () => this.connections.delete(connection));
  }

  /** @returns the heartbeat interval agreed on, in seconds; 0 for none */
  private welcome(greeting: PayloadReader, connection: Connection): number {
    if (greeting.int32() !== MAGIC || greeting.int32() !== VERSION)
      throw new ProtocolError('not our protocol');
    greeting.int32(); // the process, for those who trace the wire
    const heartbeatInterval = greeting.int32();
    if (heartbeatInterval < 0 || heartbeatInterval > MAX_HEARTBEAT_INTERVAL)
      throw new ProtocolError('no heartbeat interval');
    const queueManagerName = greeting.text();
    const channel = greeting.text();
    const application = greeting.text();
    const systemUser = greeting.text();
    const credentials =
      greeting.uint16() === 1 ? { user: greeting.text(), password: greeting.text() } : undefined;
    const { name, objects } = this.queueManager;
    // Blanks, and a name behind an asterisk, take any queue manager.
    const takesAny = queueManagerName === '' || queueManagerName.startsWith('*');
    if (!objects.channels.has(channel)) throw new MqiError(Reason.UNKNOWN_CHANNEL_NAME);
    if (!takesAny && queueManagerName !== name) throw new MqiError(Reason.Q_MGR_NAME_ERROR);
    if (!this.isAuthorized(credentials)) throw new MqiError(Reason.NOT_AUTHORIZED);
    const origin: Origin = { user: credentials?.user ?? systemUser, application };
    connection.begin(
      new Session(this.queueManager, this.identifiers, origin, this.faults, (frame) =>
        connection.send(frame),
      ),
    );
    return Math.max(heartbeatInterval, objects.heartbeatInterval(channel));
  }

  private isAuthorized(credentials: { user: string; password: string } | undefined): boolean {
    const check = this.queueManager.objects.clientCheck;
    if (check === 'NONE') return true;
    if (!credentials) return check !== 'REQUIRED';
    if (!this.users) return true;
    return (
      Object.hasOwn(this.users, credentials.user) && this.users[credentials.user] === credentials.password
    );
  }

  /** Drops all connections at once, as a broken network would. */
  dropConnections(): void {
    for (const connection of this.connections) connection.drop();
  }

  /** Tells waiting gets that the queue manager stops (2162), then ends all connections. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.server.close(() => resolve());
    });
    for (const connection of this.connections) connection.stop();
    await closed;
  }
}

/** One socket. */
class Connection {
  private readonly frames = new FrameReader();
  private session: Session | undefined;
  private heartbeats: Heartbeats | undefined;
  private busy = false;
  private closed = false;
  private dropsReply = false;

  constructor(
    private readonly socket: Socket,
    private readonly faults: Faults,
    private readonly welcome: (greeting: PayloadReader) => number,
  ) {
    socket.setTimeout(CONNECT_TIMEOUT, () => socket.destroy());
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.once('close', () => {
      this.closed = true;
      this.heartbeats?.end();
      this.session?.end();
    });
  }

  begin(session: Session): void {
    this.session = session;
    this.frames.maxPayload = MAX_PAYLOAD;
    this.socket.setTimeout(0);
  }

  send(frame: Buffer): void {
    this.busy = false;
    if (this.closed) return;
    if (this.dropsReply) {
      this.drop();
      return;
    }
    this.write(frame);
    if (this.session?.disconnected) this.socket.end();
  }

  private write(frame: Buffer): void {
    this.heartbeats?.sent();
    this.socket.write(frame);
  }

  /** From now on the client must be heard of. */
  private beat(interval: number): void {
    if (interval === 0) return;
    this.heartbeats = new Heartbeats(
      interval,
      () => {
        if (this.socket.writable) this.write(heartbeat());
      },
      () => this.drop(),
    );
  }

  private receive(chunk: Buffer): void {
    this.heartbeats?.heard();
    try {
      this.frames.push(chunk, (operation, payload) => this.handle(operation, payload));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.socket.destroy();
    }
  }

  private handle(operation: number, payload: Buffer): void {
    if (operation === Operation.CANCEL) {
      this.session?.cancel();
      return;
    }
    if (this.closed || operation === Operation.HEARTBEAT) return;
    if (this.busy) throw new ProtocolError('a request before the last one was answered');
    if (this.session) {
      const fault = this.faults.dropAt(operation);
      if (fault === 'before') {
        this.drop();
        return;
      }
      this.dropsReply = fault === 'after';
      this.busy = true;
      this.session.receive(operation, payload);
      return;
    }
    if (operation !== Operation.CONNECT) throw new ProtocolError('a verb before connecting');
    try {
      const interval = this.welcome(new PayloadReader(payload));
      this.send(new ReplyWriter(operation, Completion.OK, Reason.NONE, 4).int32(interval).done());
      this.beat(interval);
    } catch (error) {
      if (!(error instanceof MqiError)) throw error;
      this.socket.end(failure(operation, error.reason));
    }
  }

  drop(): void {
    this.closed = true;
    this.socket.resetAndDestroy();
  }

  stop(): void {
    this.session?.cancel(Reason.Q_MGR_STOPPING);
    this.socket.destroySoon();
    // A peer that does not read what it was sent would keep the queue manager from stopping.
    setTimeout(() => this.socket.destroy(), STOP_TIMEOUT).unref();
  }
}
