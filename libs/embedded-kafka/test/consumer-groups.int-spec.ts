import kafkajs, { type Admin, type Consumer, type Producer } from 'kafkajs';
import { joinGroupApi } from '../src/protocol/messages/join-group.js';
import { BrokerFixture } from '../test-support/broker-fixture.js';
import { Collector } from '../test-support/collector.js';
import { eventually } from '../test-support/eventually.js';
import { RawClient } from '../test-support/raw-client.js';

const partitions = 6;
let fixture: BrokerFixture;
let admin: Admin;
let producer: Producer;

beforeEach(async () => {
  fixture = await BrokerFixture.start({ groupMinSessionTimeoutMs: 100 });
  admin = await fixture.connect(fixture.kafka().admin());
  producer = await fixture.connect(fixture.kafka().producer({ idempotent: true }));
  await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: partitions }] });
});

afterEach(() => fixture.stop());

function consumer(): Promise<Consumer> {
  return fixture.connect(
    fixture.kafka().consumer({ groupId: 'group', heartbeatInterval: 200, maxWaitTimeInMs: 100 }),
  );
}

const join = async () => new Collector(await consumer()).run(['orders']);

async function describe() {
  const { groups } = await admin.describeGroups(['group']);
  return groups[0]!;
}

const untilStableWith = (members: number) =>
  eventually(async () => {
    const group = await describe();
    return group.state === 'Stable' && group.members.length === members;
  });

async function sendToAll(value: string): Promise<void> {
  const messages = Array.from({ length: partitions }, (_, partition) => ({ partition, value }));
  await producer.send({ topic: 'orders', messages });
}

test('members share the partitions, and take over those of one that leaves', async () => {
  const collectors = [await join(), await join(), await join()];
  await untilStableWith(3);
  await sendToAll('shared');
  const received = () => collectors.flatMap((collector) => collector.messages);
  await eventually(() => received().length >= partitions);
  expect(new Set(received().map(({ partition }) => partition)).size).toBe(partitions);
  for (const collector of collectors) expect(collector.messages).toHaveLength(partitions / 3);

  const [leaving, ...staying] = collectors;
  await leaving!.consumer.disconnect();
  await untilStableWith(2);
  await sendToAll('taken over');
  const later = () =>
    staying.flatMap((collector) => collector.messages.filter(({ value }) => value === 'taken over'));
  await eventually(() => later().length >= partitions);
  expect(later()).toHaveLength(partitions);
});

/** Joins the group as a client that never sends a heartbeat; resolves when it has joined. */
async function joinSilently(sessionTimeoutMs: number): Promise<void> {
  const client = await RawClient.connect(fixture.broker.port);
  const metadata = kafkajs.AssignerProtocol.MemberMetadata.encode({
    version: 1,
    topics: ['orders'],
    userData: Buffer.alloc(0),
  });
  const { errorCode } = await client.send(joinGroupApi, 2, {
    groupId: 'group',
    sessionTimeoutMs,
    rebalanceTimeoutMs: 60_000,
    memberId: '',
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'RoundRobinAssigner', metadata }],
    reason: null,
  });
  client.close();
  expect(errorCode).toBe(0);
}

test('a member that falls silent is taken out after its session time-out', async () => {
  const lasting = await join();
  await untilStableWith(1);
  await joinSilently(500);
  await untilStableWith(1);
  await sendToAll('all mine');
  await lasting.untilCount(partitions);
  expect(lasting.values).toEqual(Array(partitions).fill('all mine'));
});

test('committed offsets are where the next member goes on', async () => {
  await sendToAll('before');
  const first = await join();
  await first.untilCount(partitions);
  await eventually(async () => {
    const [topic] = await admin.fetchOffsets({ groupId: 'group', topics: ['orders'] });
    return topic!.partitions.every(({ offset }) => offset === '1');
  });
  await first.consumer.disconnect();
  await sendToAll('after');
  const second = await join();
  await second.untilCount(partitions);
  expect(new Set(second.values)).toEqual(new Set(['after']));
});

test('members keep their place and their offsets when the broker restarts', async () => {
  const collector = await join();
  await untilStableWith(1);
  await sendToAll('before');
  await collector.untilCount(partitions);
  const before = await describe();

  await fixture.restart();
  await sendToAll('after');
  await collector.untilCount(2 * partitions);
  const after = await describe();
  expect(after.members.map(({ memberId }) => memberId)).toEqual(
    before.members.map(({ memberId }) => memberId),
  );
  expect(collector.values).toEqual([
    ...Array<string>(partitions).fill('before'),
    ...Array<string>(partitions).fill('after'),
  ]);
});
