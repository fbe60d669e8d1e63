import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

interface Chunk {
  readonly due: number;
  readonly bytes: Buffer;
}

/** One direction of a connection: forwards in order, late when told so. */
class Direction {
  readonly #waiting: Chunk[] = [];
  #isTimed = false;

  constructor(private readonly to: Socket) {}

  forward(bytes: Buffer, delay: number): void {
    if (delay === 0 && this.#waiting.length === 0) {
      this.#write(bytes);
      return;
    }
    this.#waiting.push({ due: performance.now() + delay, bytes });
    if (!this.#isTimed) this.#releaseIn(delay);
  }

  #releaseIn(milliseconds: number): void {
    this.#isTimed = true;
    setTimeout(() => this.#release(), milliseconds);
  }

  #release(): void {
    this.#isTimed = false;
    const now = performance.now();
    while (this.#waiting[0] && this.#waiting[0].due <= now)
      this.#write((this.#waiting.shift() as Chunk).bytes);
    const [next] = this.#waiting;
    if (next) this.#releaseIn(Math.max(1, next.due - now));
  }

  #write(bytes: Buffer): void {
    if (!this.to.destroyed) this.to.write(bytes);
  }
}

/** A connection through the link. `silent`: what comes is thrown away, on a side that still seems to be connected. */
interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  silent: boolean;
}

/** Milliseconds for which the server may finish what it was asked before an answer that is lost. */
const LINGER = 1_000;

/** A TCP proxy on this machine between services and one server, which fails in the ways of networks when told. */
export class Link {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  /** Sockets whose other side is gone. */
  readonly #orphans = new Set<Socket>();
  #delay = 0;
  #refusing = 0;
  #swallowing = 0;
  #repliesToLose = 0;
  #diversion: number | undefined;
  #isCutOff: ((clientPort: number) => boolean) | undefined;
  #accepted = 0;
  #hits = 0;

  private constructor(readonly target: number) {
    this.#server = createServer((socket) => this.#accept(socket));
  }

  /** Listens on `port`, 0 for any free one, and leads to `target`. */
  static async open(port: number, target: number): Promise<Link> {
    const link = new Link(target);
    link.#server.listen(port, '127.0.0.1');
    await once(link.#server, 'listening');
    return link;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The link is closed.');
    return address.port;
  }

  /** How many connections, bytes on their way or answers were hit so far. */
  get hits(): number {
    return this.#hits;
  }

  /** From now on each byte takes so many milliseconds longer, in both directions; 0 ends it. */
  delay(milliseconds: number): void {
    this.#delay = milliseconds;
  }

  /** Breaks a share of the connections, from 0 to 1, and refuses so many of the new ones; 0 ends it. */
  drop(share: number): void {
    this.#refusing = share;
    for (const connection of this.#chosen(share)) {
      this.#hits++;
      this.#break(connection);
    }
  }

  /**
   * A share of the connections ends for the server, while services see them live on, for ever; so does that share of
   * the new ones, until 0 ends it.
   */
  loseServer(share: number): void {
    this.#swallowing = share;
    for (const connection of this.#chosen(share)) {
      this.#hits++;
      connection.silent = true;
      this.#orphan(connection.client, connection);
      connection.server.destroy();
    }
  }

  /** A share of the connections ends for the services, while the server sees them live on, for ever. */
  loseClients(share: number): void {
    for (const connection of this.#chosen(share)) {
      this.#hits++;
      connection.silent = true;
      this.#orphan(connection.server, connection);
      connection.client.destroy();
    }
  }

  /** Leads everybody to another port of this machine, until `undefined` ends it. */
  divert(port: number | undefined): void {
    if (port === this.#diversion) return;
    this.#diversion = port;
    for (const connection of this.#connections) this.#break(connection);
  }

  /** Breaks the connections of clients whose port is concerned, and refuses new ones; `undefined` ends it. */
  cutOff(concerns: ((clientPort: number) => boolean) | undefined): void {
    this.#isCutOff = concerns;
    if (!concerns) return;
    for (const connection of this.#connections) {
      const { remotePort } = connection.client;
      if (remotePort === undefined || !concerns(remotePort)) continue;
      this.#hits++;
      this.#break(connection);
    }
  }

  /** The next answers, so many, are lost with their connections after the server has given them; 0 ends it. */
  loseReplies(count: number): void {
    this.#repliesToLose = count;
  }

  get repliesToLose(): number {
    return this.#repliesToLose;
  }

  /** Ends every fault. What was lost on one side stays so; see `forget`. */
  heal(): void {
    this.#delay = 0;
    this.#refusing = 0;
    this.#swallowing = 0;
    this.#repliesToLose = 0;
    this.cutOff(undefined);
    this.divert(undefined);
  }

  /** Ends the connections that live on one side only: what one seed has left behind is not the next one's. */
  forget(): void {
    for (const socket of this.#orphans) socket.destroy();
    this.#orphans.clear();
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const connection of this.#connections) this.#break(connection);
    this.forget();
    await once(this.#server, 'close');
  }

  /** Evenly spread over the connections there are. */
  #chosen(part: number): Connection[] {
    return [...this.#connections].filter((_, index) => this.#hit(part, index));
  }

  #hit(part: number, index: number): boolean {
    return Math.floor((index + 1) * part) > Math.floor(index * part);
  }

  #break(connection: Connection): void {
    connection.client.destroy();
    connection.server.destroy();
    this.#connections.delete(connection);
  }

  #orphan(socket: Socket, connection?: Connection): void {
    if (connection) this.#connections.delete(connection);
    this.#orphans.add(socket);
    socket.on('close', () => this.#orphans.delete(socket));
  }

  #accept(client: Socket): void {
    const index = this.#accepted++;
    client.on('error', () => undefined);
    const isCutOff = client.remotePort !== undefined && (this.#isCutOff?.(client.remotePort) ?? false);
    if (isCutOff || this.#hit(this.#refusing, index)) {
      this.#hits++;
      client.resetAndDestroy();
      return;
    }
    if (this.#hit(this.#swallowing, index)) {
      this.#hits++;
      client.resume();
      this.#orphan(client);
      return;
    }
    const server = connect(this.#diversion ?? this.target, '127.0.0.1');
    server.on('error', () => undefined);
    client.setNoDelay(true);
    server.setNoDelay(true);
    const connection: Connection = { client, server, silent: false };
    this.#connections.add(connection);
    const [toServer, toClient] = [new Direction(server), new Direction(client)];
    client.on('data', (bytes) => {
      if (connection.silent) return;
      if (this.#delay > 0) this.#hits++;
      toServer.forward(bytes, this.#delay);
    });
    server.on('data', (bytes) => {
      if (connection.silent) return;
      if (this.#repliesToLose > 0) this.#loseReply(connection);
      else toClient.forward(bytes, this.#delay);
    });
    for (const socket of [client, server]) {
      socket.on('close', () => {
        // Of a connection with one side that does not know, the other is gone already.
        if (!connection.silent) this.#break(connection);
      });
    }
  }

  #loseReply(connection: Connection): void {
    this.#repliesToLose--;
    this.#hits++;
    connection.silent = true;
    this.#orphan(connection.server, connection);
    connection.client.destroy();
    setTimeout(() => connection.server.destroy(), LINGER).unref();
  }
}
