import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { startKafkaBroker, type KafkaBroker } from '@orderbridge/embedded-kafka';
import { loadConfig } from '@orderbridge/service';
import { certificateFile, TlsFront } from '../../../test/tls/tls-front.js';
import { KafkaConnection } from './kafka-connection.js';
import { kafkaEnvironment } from './kafka-environment.js';

describe('a broker that asks for TLS', () => {
  let folder: string;
  let broker: KafkaBroker;
  let front: TlsFront;
  let connection: KafkaConnection;

  beforeAll(() => Logger.overrideLogger(false));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kafka-'));
    front = await TlsFront.open('kafka', () => broker.port);
    broker = await startKafkaBroker({ dataDir: folder, advertised: `127.0.0.1:${front.port}` });
  });

  afterEach(async () => {
    await connection.close();
    await front.close();
    await broker.close();
    await rm(folder, { recursive: true });
  });

  const connect = (variables: Record<string, string>) => {
    const brokers = { KAFKA_BROKERS: `127.0.0.1:${front.port}`, KAFKA_SSL: 'true' };
    connection = new KafkaConnection(loadConfig(kafkaEnvironment, { ...brokers, ...variables }), 'test');
  };

  const authority = { KAFKA_SSL_CA: certificateFile('authority.crt') };

  test('and for a certificate, is reached with both', async () => {
    connect({
      ...authority,
      KAFKA_SSL_CERTIFICATE: certificateFile('client.crt'),
      KAFKA_SSL_KEY: certificateFile('client.key'),
    });
    await connection.check();
    expect([...front.clients]).toEqual(['client']);
  });

  test('and for a certificate, is not reached without one', async () => {
    connect(authority);
    await expect(connection.check()).rejects.toThrow();
    expect(front.clients).toEqual(new Set());
  });

  test('whose certificate is signed by an authority that nobody knows, is not trusted', async () => {
    connect({});
    await expect(connection.check()).rejects.toThrow('self-signed certificate in certificate chain');
  });
});
