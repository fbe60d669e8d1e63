import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { startKafkaBroker, type KafkaBroker } from '@orderbridge/embedded-kafka';
import { loadConfig } from '@orderbridge/service';
import { KafkaConnection } from './kafka-connection.js';
import { kafkaEnvironment } from './kafka-environment.js';
import { KafkaSockets } from './kafka-sockets.js';

const REQUEST_TIMEOUT = 400;
/** More than a test has time for: whatever goes on, goes on over a new connection. */
const FOR_EVER = { retries: 1_000, initialRetryTime: 50, maxRetryTime: 50 };

describe('a connection that is lost without a sign', () => {
  let folder: string;
  let broker: KafkaBroker;
  let network: Server;
  let connections: Set<Socket>;
  let connection: KafkaConnection;

  beforeAll(() => Logger.overrideLogger(false));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kafka-'));
    connections = new Set();
    network = createServer((client) => {
      const server = connect(broker.port, '127.0.0.1');
      for (const socket of [client, server]) {
        connections.add(socket);
        socket.on('error', () => undefined).on('close', () => connections.delete(socket));
      }
      client.pipe(server).pipe(client);
    }).listen(0, '127.0.0.1');
    await once(network, 'listening');
    const { port } = network.address() as AddressInfo;
    broker = await startKafkaBroker({ dataDir: folder, advertised: `127.0.0.1:${port}` });
    const config = loadConfig(kafkaEnvironment, { KAFKA_BROKERS: `127.0.0.1:${port}` });
    connection = new KafkaConnection(config, 'test', REQUEST_TIMEOUT);
    await connection.ensureTopics(['order.created']);
  });

  afterEach(async () => {
    await connection.close();
    for (const socket of connections) socket.destroy();
    network.close();
    await broker.close();
    await rm(folder, { recursive: true });
  });

  /** From now on nothing comes through the connections there are, in either direction; new ones are good. */
  const loseConnections = () => {
    for (const socket of connections) socket.unpipe().resume();
  };

  const messages = [{ value: 'an order' }];

  test('does not stop a consumer', async () => {
    const consumer = connection.consumer({ groupId: 'test', maxWaitTimeInMs: 100, retry: FOR_EVER });
    const producer = connection.producer();
    const received: string[] = [];
    let wake = (): void => undefined;
    await consumer.connect();
    await consumer.subscribe({ topic: 'order.created', fromBeginning: true });
    await consumer.run({
      eachMessage: ({ message }) => {
        received.push(String(message.value));
        wake();
        return Promise.resolve();
      },
    });
    await producer.connect();
    const first = new Promise<void>((resolve) => (wake = resolve));
    await producer.send({ topic: 'order.created', messages });
    await first;

    loseConnections();
    const second = new Promise<void>((resolve) => (wake = resolve));
    const other = connection.producer();
    await other.connect();
    await other.send({ topic: 'order.created', messages: [{ value: 'another order' }] });
    await second;
    expect(received).toEqual(['an order', 'another order']);
    await Promise.all([consumer.disconnect(), producer.disconnect(), other.disconnect()]);
  });

  test('does not stop a producer', async () => {
    const producer = connection.producer({ retry: FOR_EVER });
    await producer.connect();
    await producer.send({ topic: 'order.created', messages });
    loseConnections();
    const [written] = await producer.send({ topic: 'order.created', messages });
    expect(written).toMatchObject({ errorCode: 0 });
    await producer.disconnect();
  });
});

describe('when a request is not answered', () => {
  let server: Server;
  let broker: string;
  let sockets: KafkaSockets;
  let socket: Socket;

  beforeEach(async () => {
    jest.spyOn(Date, 'now').mockReturnValue(1_000);
    server = createServer((client) => client.write('an answer')).listen(0, '127.0.0.1');
    server.on('connection', (client) => client.on('error', () => undefined));
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    broker = `127.0.0.1:${port}`;
    sockets = new KafkaSockets();
    socket = sockets.create({ host: '127.0.0.1', port, onConnect: () => undefined } as never);
    socket.on('error', () => undefined);
    await once(socket, 'data');
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    socket.destroy();
    server.close();
    await once(server, 'close');
  });

  const unanswered = (sentAt: number) => sockets.unanswered({ broker, sentAt } as never);

  test('connections that something has come over since are kept', () => {
    unanswered(999);
    expect(socket.destroyed).toBe(false);
  });

  test('one that was last heard of in the millisecond in which it was sent is ended', () => {
    unanswered(1_000);
    expect(socket.errored).toMatchObject({ message: 'The broker is silent' });
  });
});
