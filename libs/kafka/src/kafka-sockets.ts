import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ISocketFactory, RequestTimeoutEvent } from 'kafkajs';

const KEEP_ALIVE_DELAY = 60_000;

interface Heard {
  readonly broker: string;
  /** Milliseconds since 1970. */
  at: number;
}

/**
 * The sockets of kafkajs. A network may lose a connection without a sign; kafkajs gives up a request that is not
 * answered, but sends the next one over the same connection. So a connection on which nothing has come since such a
 * request was sent is ended, and the next request makes a new one.
 */
export class KafkaSockets {
  readonly #open = new Map<Socket, Heard>();

  readonly create: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    // kafkajs gives `false` where its types say options, and has no server name for addresses in numbers.
    const socket = ssl
      ? connectTls({ host, port, ...(!isIP(host) && { servername: host }), ...ssl }, onConnect)
      : connect({ host, port }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_DELAY);
    const heard: Heard = { broker: `${host}:${port}`, at: Date.now() };
    this.#open.set(socket, heard);
    socket.on('data', () => (heard.at = Date.now()));
    socket.once('close', () => this.#open.delete(socket));
    return socket;
  };

  /** Ends the connections to the broker of a request without an answer, but those that are alive. */
  unanswered({ broker, sentAt }: RequestTimeoutEvent['payload']): void {
    for (const [socket, heard] of this.#open) {
      // The same millisecond is before: a consumer asks again as soon as it is answered.
      if (heard.broker === broker && heard.at <= sentAt) socket.destroy(new Error('The broker is silent'));
    }
  }
}
