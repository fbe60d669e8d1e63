import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createSecureServer, type Server as SecureServer, type TLSSocket } from 'node:tls';

const folder = join(import.meta.dirname, 'certificates');

/** Path of a certificate or key of the tests; made by make-certificates.sh. */
export const certificateFile = (name: 'authority.crt' | 'client.crt' | 'client.key'): string =>
  join(folder, name);

const SSL_REQUEST_LENGTH = 8;

/**
 * - `kafka`: TLS from the first byte; clients must come with a certificate of the test authority
 * - `postgres`: TLS after the client has asked for it
 */
type Kind = 'kafka' | 'postgres';

/** What the front shows to clients. */
type Certificate = 'server' | 'expired';

/** Puts TLS in front of a server on this machine that speaks none, and remembers which clients came. */
export class TlsFront {
  readonly #server: Server;
  readonly #secure: SecureServer;
  readonly #sockets = new Set<Socket>();
  /** Common names of the certificates that clients came with; `''` for a client without one. */
  readonly clients = new Set<string>();

  private constructor(
    private readonly kind: Kind,
    private readonly target: () => number,
  ) {
    const asks = kind === 'kafka';
    this.#secure = createSecureServer({
      key: readFileSync(join(folder, 'server.key')),
      cert: readFileSync(join(folder, 'server.crt')),
      ca: readFileSync(certificateFile('authority.crt')),
      requestCert: asks,
      rejectUnauthorized: asks,
    }).on('secureConnection', (socket) => this.#forward(socket));
    this.#server = createServer((socket) => this.#take(socket));
  }

  /** Listens on a free port of 127.0.0.1; `target` is asked for its port at each connection. */
  static async open(kind: Kind, target: () => number): Promise<TlsFront> {
    const front = new TlsFront(kind, target);
    await new Promise<void>((resolve) => front.#server.listen(0, '127.0.0.1', resolve));
    return front;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Shows another certificate from now on, to who connects next. */
  show(certificate: Certificate): void {
    this.#secure.setSecureContext({
      key: readFileSync(join(folder, 'server.key')),
      cert: readFileSync(join(folder, `${certificate}.crt`)),
      ca: readFileSync(certificateFile('authority.crt')),
    });
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(socket: Socket): void {
    this.#keep(socket);
    if (this.kind === 'kafka') return void this.#secure.emit('connection', socket);
    socket.once('readable', () => {
      socket.read(SSL_REQUEST_LENGTH);
      socket.write('S', () => this.#secure.emit('connection', socket));
    });
  }

  #forward(socket: TLSSocket): void {
    const subject = socket.getPeerCertificate().subject as { CN?: string } | undefined;
    this.clients.add(subject?.CN ?? '');
    const behind = connect(this.target(), '127.0.0.1');
    this.#keep(socket);
    this.#keep(behind);
    socket.pipe(behind).pipe(socket);
    socket.on('close', () => behind.destroy());
    behind.on('close', () => socket.destroy());
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    // What breaks is the client's to notice.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
