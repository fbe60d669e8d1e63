import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GARBAGE, type Garbage } from './garbage.js';

/** Stands in front of a partner, or in its place, and answers everything with garbage. */
export class ForgedPartner {
  readonly #server: Server;
  #answered = 0;

  private constructor(
    /** The partner, to be asked before the garbage is answered; undefined when it is to hear of nothing. */
    private readonly partner: number | undefined,
    garbage: Garbage,
  ) {
    this.#server = createServer((incoming, response) => {
      response.on('error', () => undefined);
      this.#ask(incoming)
        .then(() => {
          this.#answered++;
          GARBAGE[garbage](response);
        })
        .catch(() => response.destroy());
    });
  }

  static async open(partner: number | undefined, garbage: Garbage): Promise<ForgedPartner> {
    const forged = new ForgedPartner(partner, garbage);
    forged.#server.listen(0, '127.0.0.1');
    await once(forged.#server, 'listening');
    return forged;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Requests that were answered with garbage so far. */
  get answered(): number {
    return this.#answered;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** Resolves when the partner has done what it was asked, if it is asked. */
  async #ask(incoming: IncomingMessage): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    if (this.partner === undefined) return;
    const { method, url: path, headers } = incoming;
    const asked = request({ host: '127.0.0.1', port: this.partner, method, path, headers });
    asked.end(Buffer.concat(chunks));
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    answer.resume();
    await once(answer, 'end');
  }
}
