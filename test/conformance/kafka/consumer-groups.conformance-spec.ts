import kafkajs, { type Admin, type Consumer, type ConsumerConfig, type Producer } from 'kafkajs';
import { brokerUnderTest } from './broker-under-test.js';
import { Collector, eventually } from './wire.js';

const partitions = 6;
const broker = brokerUnderTest();
let admin: Admin;
let producer: Producer;
let groupId: string;
let topic: string;

beforeEach(async () => {
  admin = await broker.current.admin();
  producer = await broker.current.connect(broker.current.kafka().producer({ idempotent: true }));
  groupId = broker.current.name('group');
  topic = await broker.current.topic(partitions);
});

function consumer(config: Partial<ConsumerConfig> = {}): Promise<Consumer> {
  return broker.current.connect(
    broker.current.kafka().consumer({ groupId, heartbeatInterval: 200, maxWaitTimeInMs: 100, ...config }),
  );
}

const join = async (config?: Partial<ConsumerConfig>) => new Collector(await consumer(config)).run([topic]);

async function describe() {
  const { groups } = await admin.describeGroups([groupId]);
  return groups[0]!;
}

const untilStableWith = (members: number) =>
  eventually(async () => {
    const group = await describe();
    return group.state === 'Stable' && group.members.length === members;
  });

async function sendToAll(value: string): Promise<void> {
  const messages = Array.from({ length: partitions }, (_, partition) => ({ partition, value }));
  await producer.send({ topic, messages });
}

const committed = async () => {
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
  return found!.partitions.toSorted((a, b) => a.partition - b.partition).map(({ offset }) => offset);
};

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
  const takenOver = () =>
    staying.flatMap((collector) => collector.messages.filter(({ value }) => value === 'taken over'));
  await eventually(() => takenOver().length >= partitions);
  expect(takenOver()).toHaveLength(partitions);
});

test('two groups each get all messages', async () => {
  const collectors = [await join(), await join({ groupId: broker.current.name('another') })];
  await sendToAll('for both');
  for (const collector of collectors) {
    await collector.untilCount(partitions);
    expect(collector.values).toEqual(Array(partitions).fill('for both'));
  }
});

test('committed offsets are where the next member goes on', async () => {
  await sendToAll('before');
  const first = await join();
  await first.untilCount(partitions);
  await eventually(async () => (await committed()).every((offset) => offset === '1'));
  await first.consumer.disconnect();
  await sendToAll('after');
  const second = await join();
  await second.untilCount(partitions);
  expect(new Set(second.values)).toEqual(new Set(['after']));
});

test('a new partition is assigned to the members when they look again', async () => {
  const collector = await join({ metadataMaxAge: 300 });
  await untilStableWith(1);
  await admin.createPartitions({ topicPartitions: [{ topic, count: partitions + 1 }] });
  await broker.current.untilServed(topic, partitions + 1);
  const later = await broker.current.connect(broker.current.kafka().producer());
  await later.send({ topic, messages: [{ partition: partitions, value: 'in the new one' }] });
  await collector.untilCount(1);
  expect(collector.values).toEqual(['in the new one']);
});

test('a group is described with its members and what they are assigned', async () => {
  const member = await join();
  await untilStableWith(1);
  const group = await describe();
  expect(group).toMatchObject({
    errorCode: 0,
    groupId,
    protocol: 'RoundRobinAssigner',
    protocolType: 'consumer',
    state: 'Stable',
    members: [{ clientId: 'conformance', clientHost: expect.stringMatching(/^\//) }],
  });
  const [described] = group.members;
  expect(described!.memberId).toMatch(/^conformance-/);
  const { assignment } = kafkajs.AssignerProtocol.MemberAssignment.decode(described!.memberAssignment)!;
  expect(assignment[topic]!.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);
  const metadata = kafkajs.AssignerProtocol.MemberMetadata.decode(described!.memberMetadata)!;
  expect(metadata.topics).toEqual([topic]);
  await member.consumer.disconnect();
  expect(await describe()).toMatchObject({ state: 'Empty', members: [], protocolType: 'consumer' });
});

test('an unknown group is described as dead', async () => {
  expect(await describe()).toMatchObject({ state: 'Dead', members: [], protocolType: '' });
});

test('groups are listed and deleted, but not while they have members', async () => {
  await sendToAll('a');
  const collector = await join();
  await collector.untilCount(1);
  const listed = async () => (await admin.listGroups()).groups.filter((group) => group.groupId === groupId);
  expect(await listed()).toEqual([{ groupId, protocolType: 'consumer' }]);
  await expect(admin.deleteGroups([groupId])).rejects.toMatchObject({
    groups: [expect.objectContaining({ error: expect.objectContaining({ type: 'NON_EMPTY_GROUP' }) })],
  });
  await collector.consumer.disconnect();
  await admin.deleteGroups([groupId]);
  expect(await listed()).toEqual([]);
  expect(await committed()).toEqual(Array(partitions).fill('-1'));
});

test('offsets of a group without members are reset', async () => {
  await admin.resetOffsets({ groupId, topic, earliest: true });
  expect(await committed()).toEqual(Array(partitions).fill('-2'));
});
