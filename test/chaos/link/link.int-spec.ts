import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Link } from './link.js';

/** Answers each line with the same line; remembers what it was asked and who is connected. */
class Echo {
  readonly asked: string[] = [];
  readonly sockets = new Set<Socket>();
  readonly #server: Server = createServer((socket) => {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('data', (bytes) => {
      this.asked.push(bytes.toString());
      socket.write(bytes);
    });
  });

  async open(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
  }
}

let echo: Echo;
let link: Link;
const clients: Socket[] = [];

const open = async (): Promise<Socket> => {
  const socket = connect(link.port, '127.0.0.1');
  clients.push(socket);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
};

/** What comes back; rejects when the connection ends first. */
const ask = async (socket: Socket, text: string): Promise<string> => {
  const closed = once(socket, 'close').then(() => Promise.reject(new Error('closed')));
  socket.write(text);
  const [bytes] = (await Promise.race([once(socket, 'data'), closed])) as [Buffer];
  closed.catch(() => undefined);
  return bytes.toString();
};

const talking = async (): Promise<Socket> => {
  const socket = await open();
  await ask(socket, 'hello');
  return socket;
};

beforeEach(async () => {
  echo = new Echo();
  link = await Link.open(0, await echo.open());
});

afterEach(async () => {
  for (const socket of clients.splice(0)) socket.destroy();
  await link.close();
  echo.close();
});

test('leads bytes there and back', async () => {
  expect(await ask(await open(), 'hello')).toBe('hello');
  expect(link.hits).toBe(0);
});

test('the end of one side is told to the other', async () => {
  const socket = await talking();
  for (const server of echo.sockets) server.destroy();
  await once(socket, 'close');
  const other = await talking();
  const [server] = echo.sockets;
  other.destroy();
  await once(server as Socket, 'close');
});

test('delay: bytes come late, and in order also when the delay ends', async () => {
  const socket = await talking();
  link.delay(100);
  const started = performance.now();
  socket.write('slow ');
  await new Promise((resolve) => setTimeout(resolve, 10));
  link.heal();
  socket.write('quick');
  let answer = '';
  while (answer !== 'slow quick') answer += String(((await once(socket, 'data')) as [Buffer])[0]);
  expect(performance.now() - started).toBeGreaterThan(95);
  expect(link.hits).toBeGreaterThan(0);
});

test('drop: connections break and new ones are refused, until it heals', async () => {
  const socket = await talking();
  link.drop(1);
  await once(socket, 'close');
  await expect(open().then((refused) => ask(refused, 'hello'))).rejects.toThrow();
  link.heal();
  expect(await ask(await open(), 'again')).toBe('again');
});

test('drop: half of the connections', async () => {
  const sockets = await Promise.all([1, 2, 3, 4].map(() => talking()));
  const broken = new Set<Socket>();
  for (const socket of sockets) socket.on('close', () => broken.add(socket));
  link.drop(0.5);
  while (broken.size < 2) await new Promise(setImmediate);
  for (const socket of sockets) if (!broken.has(socket)) expect(await ask(socket, 'still')).toBe('still');
  expect(link.hits).toBe(2);
});

test('half open, the service unaware: the server is told, the service hears nothing any more', async () => {
  const socket = await talking();
  const [server] = echo.sockets;
  link.loseServer(1);
  await once(server as Socket, 'close');
  socket.write('anyone?');
  const fresh = await open();
  fresh.write('anyone?');
  link.heal();
  expect(await ask(await open(), 'again')).toBe('again');
  expect(echo.asked).not.toContain('anyone?');
  expect([socket.destroyed, fresh.destroyed]).toEqual([false, false]);
});

test('half open, the server unaware: the service is told, the server hears nothing any more', async () => {
  const socket = await talking();
  const [server] = echo.sockets;
  link.loseClients(1);
  await once(socket, 'close');
  expect(await ask(await open(), 'again')).toBe('again');
  expect(echo.sockets).toContain(server);
});

test('half-open connections are ended on the side that was left when they are forgotten, others live on', async () => {
  const unaware = await talking();
  link.loseServer(1);
  const led = await open();
  link.heal();
  const other = await talking();
  link.loseClients(1);
  await once(other, 'close');
  const [lost] = echo.sockets;
  const whole = await talking();
  link.forget();
  await Promise.all([once(unaware, 'close'), once(led, 'close'), once(lost as Socket, 'close')]);
  expect(await ask(whole, 'still')).toBe('still');
});

test('lost reply: the server did it, the service sees its connection break', async () => {
  const socket = await talking();
  link.loseReplies(1);
  await expect(ask(socket, 'charge')).rejects.toThrow('closed');
  expect(echo.asked).toContain('charge');
  expect(link.repliesToLose).toBe(0);
  expect(await ask(await open(), 'again')).toBe('again');
});

test('divert: leads to another server, until it heals', async () => {
  const other = createServer((socket) => socket.on('data', () => socket.write('other')));
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const socket = await talking();
  link.divert((other.address() as AddressInfo).port);
  await once(socket, 'close');
  const diverted = await open();
  expect(await ask(diverted, 'hello')).toBe('other');
  link.heal();
  await once(diverted, 'close');
  expect(await ask(await open(), 'hello')).toBe('hello');
  other.close();
});

test('cut off: who is concerned loses its connections and gets no new ones, others live on', async () => {
  const [concerned, other] = [await talking(), await talking()];
  const port = concerned.localPort;
  link.cutOff((clientPort) => clientPort === port);
  await once(concerned, 'close');
  expect(await ask(other, 'still')).toBe('still');
  link.cutOff(() => true);
  await expect(open().then((refused) => ask(refused, 'hello'))).rejects.toThrow();
  link.heal();
  expect(await ask(await open(), 'again')).toBe('again');
  expect(link.hits).toBe(3);
});
