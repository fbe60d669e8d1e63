import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

interface Fault {
  readonly loses: 'request' | 'reply';
  readonly after: number;
}

/** A TCP proxy in front of a queue manager that loses connections when told. */
export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #fault: Fault | undefined;
  #refusing = false;
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
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Drops all connections and refuses new ones, until `accept`. */
  refuse(): void {
    this.#refusing = true;
    this.cut();
  }

  accept(): void {
    this.#refusing = false;
  }

  /** The next request, or the one so many after it, does not reach the queue manager; its connection is lost. */
  loseRequest(after = 0): void {
    this.#fault = { loses: 'request', after };
  }

  /** The next request, or the one so many after it, is carried out, but its answer is lost with the connection. */
  loseReply(after = 0): void {
    this.#fault = { loses: 'reply', after };
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #nextFault(): Fault['loses'] | undefined {
    const fault = this.#fault;
    if (!fault) return undefined;
    this.#fault = fault.after > 0 ? { ...fault, after: fault.after - 1 } : undefined;
    if (this.#fault) return undefined;
    this.#faults++;
    return fault.loses;
  }

  #accept(client: Socket, port: number): void {
    if (this.#refusing) {
      client.destroy();
      return;
    }
    const queueManager = connect(port, '127.0.0.1');
    let losesReply = false;
    for (const socket of [client, queueManager]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        queueManager.destroy();
      });
    }
    client.on('data', (data) => {
      const fault = this.#nextFault();
      if (fault === 'request') {
        client.destroy();
        return;
      }
      if (fault === 'reply') losesReply = true;
      queueManager.write(data);
    });
    queueManager.on('data', (data) => {
      if (losesReply) client.destroy();
      else client.write(data);
    });
  }
}
