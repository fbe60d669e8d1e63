import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { PortReservation } from './port-reservation.js';

const opened: Server[] = [];
const listening = async (port = 0): Promise<Server> => {
  const server = createServer((socket) =>
    socket
      .unref()
      .resume()
      .on('error', () => socket.destroy()),
  );
  opened.push(server);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
};
const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const close = (server: Server) => new Promise((resolve) => server.close(resolve));
const freePort = async (): Promise<number> => {
  const server = await listening();
  const port = portOf(server);
  await close(server);
  return port;
};
/** The port that an outgoing connection gets. */
const ephemeralPort = async (target: number): Promise<number> => {
  const socket = connect(target, '127.0.0.1');
  await once(socket, 'connect');
  const port = socket.localPort!;
  socket.resetAndDestroy();
  return port;
};

const onLinux = process.platform === 'linux' ? describe : describe.skip;

describe('a reserved port', () => {
  let reservation: PortReservation;

  beforeEach(() => {
    reservation = new PortReservation();
  });

  afterEach(() => {
    reservation.release();
    for (const server of opened.splice(0)) server.close();
  });

  it('can be listened on, again and again', async () => {
    const port = await freePort();
    await reservation.reserve(port, 'kafka');
    for (let time = 0; time < 3; time++) {
      const server = await listening(port);
      await ephemeralPort(port);
      await close(server);
    }
  });

  it('is refused where something listens', async () => {
    const server = await listening();
    await expect(reservation.reserve(portOf(server), 'kafka')).rejects.toThrow(
      /Port \d+, for kafka, is in use/,
    );
  });

  onLinux('on Linux', () => {
    it('is not handed out to outgoing connections', async () => {
      const target = await listening();
      const next = await ephemeralPort(portOf(target));
      // Ports are handed out in steps of two: without the reservation, one of these would soon be next.
      const soon: number[] = [];
      for (let port = next + 2; soon.length < 40; port = port < 60_000 ? port + 2 : 33_000)
        if (await reservation.tryReserve(port)) soon.push(port);
      const handedOut = new Set<number>();
      for (let count = 0; count < 200; count++) handedOut.add(await ephemeralPort(portOf(target)));
      expect(soon.filter((port) => handedOut.has(port))).toEqual([]);
    });

    it('is waited for while an outgoing connection has it', async () => {
      const target = await listening();
      const socket = connect(portOf(target), '127.0.0.1').unref();
      await once(socket, 'connect');
      const port = socket.localPort!;
      let waited = false;
      await reservation.reserve(port, 'kafka', () => {
        waited = true;
        socket.resetAndDestroy();
      });
      expect(waited).toBe(true);
      await listening(port);
    });
  });
});
