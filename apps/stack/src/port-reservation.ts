import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isListening } from './ports.js';

/** Milliseconds that a port may stay with a connection that has ended: TIME_WAIT of Linux is 60 s. */
const PATIENCE = 75_000;
/** Milliseconds between attempts. */
const RETRY_INTERVAL = 200;
const ADVICE = 'Stop what has it, or add -- --port-offset 100.';

/**
 * Keeps ports free for the processes that are to listen there. The ports of databases and brokers are among those that
 * the system hands out to outgoing connections. While nobody listens on such a port, anyone's connection may get it; even
 * a client that tries to reach the port may get just that one, and so be connected with itself. Then nobody can listen
 * there until the connection and its TIME_WAIT have ended.
 *
 * A port that is bound by its number is not handed out. So each port is bound to one end of an idle connection, and since
 * that is marked with SO_REUSEADDR, as listeners are, it is in no listener's way. Only Linux has both rules; elsewhere
 * nothing is reserved.
 */
export class PortReservation {
  readonly #anchor: Server = createServer((socket) => {
    socket.unref();
    this.#ends.push(socket.on('error', () => socket.destroy()));
  });
  readonly #ends: Socket[] = [];

  /**
   * Reserves the port that `name` is to listen on. `onWait` is told once when a connection has to end first.
   * @throws at once where something listens; after 75 s where a connection keeps the port
   */
  async reserve(port: number, name: string, onWait: (reason: string) => void = () => {}): Promise<void> {
    const held = `Port ${port}, for ${name}, is held by an outgoing connection`;
    const end = performance.now() + PATIENCE;
    for (let attempt = 1; ; attempt++) {
      if (await isListening(port)) throw new Error(`Port ${port}, for ${name}, is in use. ${ADVICE}`);
      if (process.platform !== 'linux' || (await this.tryReserve(port))) return;
      if (performance.now() > end) throw new Error(`${held} of another program. ${ADVICE}`);
      if (attempt === 1) onWait(`${held}; waiting for its end`);
      await sleep(RETRY_INTERVAL);
    }
  }

  /** Whether the port could be reserved: something that has it is not waited for. Linux only. */
  async tryReserve(port: number): Promise<boolean> {
    if (!this.#anchor.listening) await once(this.#anchor.listen(0, '127.0.0.1').unref(), 'listening');
    const { port: anchor } = this.#anchor.address() as AddressInfo;
    const socket = connect({ port: anchor, host: '127.0.0.1', localAddress: '127.0.0.1', localPort: port });
    try {
      await once(socket, 'connect');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return false;
      throw error;
    }
    socket.unref();
    this.#ends.push(socket.on('error', () => socket.destroy()));
    return true;
  }

  /** Gives all ports free. */
  release(): void {
    for (const socket of this.#ends.splice(0)) socket.resetAndDestroy();
    this.#anchor.close();
  }
}
