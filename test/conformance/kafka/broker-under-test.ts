import { randomUUID } from 'node:crypto';
import kafkajs, { type Admin, type Kafka, type KafkaConfig } from 'kafkajs';
import { startKafkaBroker, type KafkaBroker } from '../../../libs/embedded-kafka/src/index.js';
import { eventually } from '../../../libs/embedded-kafka/test-support/eventually.js';
import { RawClient } from '../../../libs/embedded-kafka/test-support/raw-client.js';

interface Client {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
}

/**
 * The broker that the suite is held against: the one at CONFORMANCE_KAFKA (`host:port`), or else the stand-in, started
 * for the file. Others may use it at the same time, so topics and groups get names that nobody else has.
 */
export class BrokerUnderTest {
  private readonly ends: (() => Promise<void> | void)[] = [];
  private testAdmin: Promise<Admin> | undefined;

  private constructor(
    readonly address: string,
    private readonly standIn: KafkaBroker | undefined,
  ) {}

  static async start(): Promise<BrokerUnderTest> {
    const address = process.env.CONFORMANCE_KAFKA;
    if (address !== undefined) return new BrokerUnderTest(address, undefined);
    const standIn = await startKafkaBroker({ groupMinSessionTimeoutMs: 500 });
    return new BrokerUnderTest(standIn.address, standIn);
  }

  get host(): string {
    return this.address.slice(0, this.address.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1');
  }

  get port(): number {
    return Number(this.address.slice(this.address.lastIndexOf(':') + 1));
  }

  kafka(config: Partial<KafkaConfig> = {}): Kafka {
    return new kafkajs.Kafka({
      brokers: [this.address],
      clientId: 'conformance',
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { initialRetryTime: 20, maxRetryTime: 200, retries: 20 },
      ...config,
    });
  }

  /** Connects a client that is disconnected after the test. */
  async connect<C extends Client>(client: C): Promise<C> {
    await client.connect();
    this.ends.push(() => client.disconnect());
    return client;
  }

  async raw(): Promise<RawClient> {
    const client = await RawClient.connect(this.port, this.host);
    this.ends.push(() => client.close());
    return client;
  }

  /** Has something ended after the test. */
  onEnd(end: () => Promise<void> | void): void {
    this.ends.push(end);
  }

  name(stem: string): string {
    return `${stem}-${randomUUID().slice(0, 13)}`;
  }

  /** The test's admin client, which does not try again what is refused. */
  admin(): Promise<Admin> {
    // kafkajs goes on asking for topics that were deleted, so no client is used in several tests.
    this.testAdmin ??= this.connect(this.kafka({ retry: { retries: 0 } }).admin());
    return this.testAdmin;
  }

  /** Creates a topic, waits until its partitions can be read from and written to, and returns its name. */
  async topic(numPartitions = 1, settings: Readonly<Record<string, string>> = {}): Promise<string> {
    const topic = this.name('topic');
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
    const admin = await this.admin();
    await admin.createTopics({ topics: [{ topic, numPartitions, configEntries }] });
    await this.untilServed(topic, numPartitions);
    return topic;
  }

  /** A broker may tell of a partition before it serves it. */
  async untilServed(topic: string, partitions: number): Promise<void> {
    const admin = await this.admin();
    await eventually(() =>
      admin.fetchTopicOffsets(topic).then(
        (offsets) => offsets.length === partitions,
        () => false,
      ),
    );
  }

  /** A setting of the broker, such as `num.partitions`. */
  async setting(name: string): Promise<string> {
    const admin = await this.admin();
    const { brokers } = await admin.describeCluster();
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.BROKER,
          name: String(brokers[0]!.nodeId),
          configNames: [name],
        },
      ],
    });
    return resources[0]!.configEntries.find((entry) => entry.configName === name)!.configValue;
  }

  async endTest(): Promise<void> {
    this.testAdmin = undefined;
    await Promise.allSettled(this.ends.splice(0).map(async (end) => end()));
  }

  async stop(): Promise<void> {
    await this.endTest();
    await this.standIn?.close();
  }
}

/** The broker under test for all tests of a file. */
export function brokerUnderTest(): { readonly current: BrokerUnderTest } {
  const holder = { current: undefined as unknown as BrokerUnderTest };
  beforeAll(async () => {
    holder.current = await BrokerUnderTest.start();
  });
  afterEach(() => holder.current.endTest());
  afterAll(() => holder.current.stop());
  return holder;
}
