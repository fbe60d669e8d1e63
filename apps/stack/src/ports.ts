import { connect } from 'node:net';

const PORTS = {
  gateway: 8080,
  order: 8081,
  notification: 8082,
  inventory: 8083,
  shipping: 8084,
  identity: 8085,
  catalogue: 8086,
  payment: 8087,
  deadLetterDesk: 8088,
  carrierMock: 8090,
  paymentGatewayMock: 8091,
  postgres: 54_329,
  kafka: 59_092,
  mq: 51_414,
} as const;

export type Ports = Readonly<Record<keyof typeof PORTS, number>>;

export const portsFrom = (offset: number): Ports =>
  Object.fromEntries(Object.entries(PORTS).map(([name, port]) => [name, port + offset])) as Ports;

/**
 * The ports by which services reach databases, brokers and partners: the same, unless a test has put proxies in between
 * and tells in LINK_PORT_OFFSET how far from the real ports these listen.
 */
export const linksFrom = (offset: number, environment = process.env): Ports =>
  portsFrom(offset + Number(environment['LINK_PORT_OFFSET'] ?? 0));

/** Whether something on this machine listens on a port. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      // A connection that was given this very port is connected with itself.
      resolve(socket.localPort !== port);
      // Ended in order, it would keep its own port in TIME_WAIT.
      socket.resetAndDestroy();
    });
    socket.once('error', () => resolve(false));
  });
}
