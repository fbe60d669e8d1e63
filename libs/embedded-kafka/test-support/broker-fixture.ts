import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs, { type Kafka, type KafkaConfig } from 'kafkajs';
import { startKafkaBroker, type KafkaBroker, type KafkaBrokerOptions } from '../src/index.js';

/** A broker on a folder of its own, with kafkajs clients that are disconnected at the end. */
export class BrokerFixture {
  private current: KafkaBroker | undefined;
  private readonly disconnects: (() => Promise<void>)[] = [];

  private constructor(
    readonly dataDir: string,
    private readonly options: Partial<KafkaBrokerOptions>,
  ) {}

  static async start(options: Partial<KafkaBrokerOptions> = {}): Promise<BrokerFixture> {
    const fixture = new BrokerFixture(await mkdtemp(join(tmpdir(), 'embedded-kafka-')), options);
    await fixture.startBroker();
    return fixture;
  }

  get broker(): KafkaBroker {
    if (this.current === undefined) throw new Error('The broker is not running.');
    return this.current;
  }

  /** Closes the broker and starts another one on the same folder and port. */
  async restart(): Promise<void> {
    const { port } = this.broker;
    await this.broker.close();
    await this.startBroker(port);
  }

  kafka(config: Partial<KafkaConfig> = {}): Kafka {
    return new kafkajs.Kafka({
      brokers: [this.broker.address],
      clientId: 'spec',
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { initialRetryTime: 20, maxRetryTime: 200 },
      ...config,
    });
  }

  /** Connects a producer, consumer or admin client that is disconnected by {@link stop}. */
  async connect<Client extends { connect(): Promise<void>; disconnect(): Promise<void> }>(
    client: Client,
  ): Promise<Client> {
    await client.connect();
    this.disconnects.push(() => client.disconnect());
    return client;
  }

  async stop(): Promise<void> {
    await Promise.allSettled(this.disconnects.map((disconnect) => disconnect()));
    await this.current?.close();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  private async startBroker(port = 0): Promise<void> {
    this.current = await startKafkaBroker({ dataDir: this.dataDir, port, ...this.options });
  }
}
