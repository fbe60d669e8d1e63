import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export type Direction = 'to the client' | 'to the queue manager';

/** A TCP proxy that, when told, loses what is sent while both sides still seem to be connected. */
export class SilentLink {
  private readonly sockets = new Set<Socket>();
  private readonly silent = new Set<Direction>();
  private readonly passed = new Map<Direction, number>();
  private readonly waiting = new Set<() => void>();

  private constructor(
    private readonly server: Server,
    private readonly target: number,
  ) {
    server.on('connection', (client: Socket) => this.accept(client));
  }

  static async open(target: number): Promise<SilentLink> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SilentLink(server, target);
  }

  /** As MQ writes it. */
  get address(): string {
    return `127.0.0.1(${(this.server.address() as AddressInfo).port})`;
  }

  /** From now on, and for new connections as well, what goes in these directions is lost: bytes and ends. */
  silence(directions: readonly Direction[]): void {
    for (const direction of directions) this.silent.add(direction);
  }

  /** Resolves when so many more pieces have come through. */
  async pieces(direction: Direction, count: number): Promise<void> {
    const enough = (this.passed.get(direction) ?? 0) + count;
    while ((this.passed.get(direction) ?? 0) < enough) {
      await new Promise<void>((resolve) => this.waiting.add(resolve));
    }
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(client: Socket): void {
    const queueManager = connect({ port: this.target, host: '127.0.0.1', noDelay: true });
    this.lead(client, queueManager, 'to the queue manager');
    this.lead(queueManager, client, 'to the client');
  }

  private lead(from: Socket, to: Socket, direction: Direction): void {
    this.sockets.add(from);
    from.on('data', (bytes) => {
      if (this.silent.has(direction)) return;
      this.passed.set(direction, (this.passed.get(direction) ?? 0) + 1);
      for (const wake of this.waiting) wake();
      this.waiting.clear();
      to.write(bytes);
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      this.sockets.delete(from);
      if (!this.silent.has(direction)) to.destroy();
    });
  }
}
