import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

interface Fault {
  readonly loses: 'request' | 'reply';
  readonly after: number;
  readonly silently: boolean;
}

interface Connection {
  readonly client: Socket;
  readonly queueManager: Socket;
  /** Both sides still seem to be connected, and nothing comes through. */
  silent: boolean;
}

/** A TCP proxy in front of a queue manager that loses connections when told. */
export class Proxy {
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #fault: Fault | undefined;
  #refusing = false;
  #hanging = false;
  #faults = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(port: number): Promise<Proxy> {
    const proxy = new Proxy(createServer((socket) => proxy.#accept(socket, port)));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many connections a fault has hit. */
  get faults(): number {
    return this.#faults;
  }

  /** Drops all connections now. */
  cut(): void {
    for (const { client, queueManager } of this.#connections) {
      client.destroy();
      queueManager.destroy();
    }
  }

  /** The connections there are stay, and nothing comes through them any more. */
  silence(): void {
    for (const connection of this.#connections) connection.silent = true;
  }

  /** As silence, for new connections as well until `accept`: a queue manager that hangs. */
  hang(): void {
    this.#hanging = true;
    this.silence();
  }

  /** Drops all connections and refuses new ones, until `accept`. */
  refuse(): void {
    this.#refusing = true;
    this.cut();
  }

  accept(): void {
    this.#refusing = false;
    this.#hanging = false;
  }

  /**
   * The next request, or the one so many after it, does not reach the queue manager; its connection is lost, or goes
   * silent.
   */
  loseRequest(after = 0, silently = false): void {
    this.#fault = { loses: 'request', after, silently };
  }

  /** The next request, or the one so many after it, is carried out, but its answer is lost in the same ways. */
  loseReply(after = 0, silently = false): void {
    this.#fault = { loses: 'reply', after, silently };
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #nextFault(): Fault | undefined {
    const fault = this.#fault;
    if (!fault) return undefined;
    this.#fault = fault.after > 0 ? { ...fault, after: fault.after - 1 } : undefined;
    if (this.#fault) return undefined;
    this.#faults++;
    return fault;
  }

  #accept(client: Socket, port: number): void {
    if (this.#refusing) {
      client.destroy();
      return;
    }
    const queueManager = connect(port, '127.0.0.1');
    const connection: Connection = { client, queueManager, silent: this.#hanging };
    this.#connections.add(connection);
    const lose = (silently: boolean) => {
      if (silently) connection.silent = true;
      else client.destroy();
    };
    for (const socket of [client, queueManager]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        if (client.destroyed && queueManager.destroyed) this.#connections.delete(connection);
        if (connection.silent) return;
        client.destroy();
        queueManager.destroy();
      });
    }
    let reply: Fault | undefined;
    client.on('data', (data) => {
      if (connection.silent) return;
      const fault = this.#nextFault();
      if (fault?.loses === 'request') {
        lose(fault.silently);
        return;
      }
      reply ??= fault;
      queueManager.write(data);
    });
    queueManager.on('data', (data) => {
      if (connection.silent) return;
      if (reply) lose(reply.silently);
      else client.write(data);
    });
  }
}
