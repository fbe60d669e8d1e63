import kafkajs, { type Admin } from 'kafkajs';
import { deleteGroupsApi } from '../../../libs/embedded-kafka/src/protocol/messages/delete-groups.js';
import { describeGroupsApi } from '../../../libs/embedded-kafka/src/protocol/messages/describe-groups.js';
import { heartbeatApi } from '../../../libs/embedded-kafka/src/protocol/messages/heartbeat.js';
import { joinGroupApi } from '../../../libs/embedded-kafka/src/protocol/messages/join-group.js';
import { leaveGroupApi } from '../../../libs/embedded-kafka/src/protocol/messages/leave-group.js';
import { listGroupsApi } from '../../../libs/embedded-kafka/src/protocol/messages/list-groups.js';
import { offsetCommitApi } from '../../../libs/embedded-kafka/src/protocol/messages/offset-commit.js';
import { offsetDeleteApi } from '../../../libs/embedded-kafka/src/protocol/messages/offset-delete.js';
import { offsetFetchApi } from '../../../libs/embedded-kafka/src/protocol/messages/offset-fetch.js';
import { syncGroupApi } from '../../../libs/embedded-kafka/src/protocol/messages/sync-group.js';
import { brokerUnderTest } from './broker-under-test.js';
import { ErrorCode, eventually, type RawClient } from './wire.js';

const broker = brokerUnderTest();
let admin: Admin;
let client: RawClient;
let groupId: string;
let topic: string;

beforeEach(async () => {
  admin = await broker.current.admin();
  client = await broker.current.raw();
  groupId = broker.current.name('group');
  topic = await broker.current.topic(2);
  // A broker that has just been set up begins with its groups when it is asked.
  await eventually(async () => {
    const { groups } = await client.send(describeGroupsApi, 5, {
      groups: [groupId],
      includeAuthorizedOperations: false,
    });
    return groups[0]!.state === 'Dead';
  });
});

interface Joining {
  readonly memberId?: string;
  readonly instanceId?: string | null;
  readonly sessionTimeoutMs?: number;
  readonly rebalanceTimeoutMs?: number;
  readonly protocolType?: string;
  readonly protocols?: readonly string[];
  readonly group?: string;
  readonly version?: number;
  readonly through?: RawClient;
}

const metadata = () =>
  kafkajs.AssignerProtocol.MemberMetadata.encode({
    version: 1,
    topics: [topic],
    userData: Buffer.alloc(0),
  });

function join({ through = client, ...member }: Joining = {}) {
  return through.send(joinGroupApi, member.version ?? 9, {
    groupId: member.group ?? groupId,
    sessionTimeoutMs: member.sessionTimeoutMs ?? 30_000,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs ?? 30_000,
    memberId: member.memberId ?? '',
    groupInstanceId: member.instanceId ?? null,
    protocolType: member.protocolType ?? 'consumer',
    protocols: (member.protocols ?? ['range']).map((name) => ({ name, metadata: metadata() })),
    reason: null,
  });
}

/** Joins with the member id that the broker gives, as clients have done since KIP-394. */
async function joinWithId(member: Joining = {}) {
  const { errorCode, memberId } = await join(member);
  expect(errorCode).toBe(ErrorCode.MEMBER_ID_REQUIRED);
  return join({ ...member, memberId });
}

interface Membership {
  readonly memberId: string;
  readonly generationId: number;
  readonly instanceId?: string;
}

function sync(member: Membership, assignments: Record<string, string> = {}, through = client) {
  return through.send(syncGroupApi, 5, {
    groupId,
    generationId: member.generationId,
    memberId: member.memberId,
    groupInstanceId: member.instanceId ?? null,
    protocolType: 'consumer',
    protocolName: 'range',
    assignments: Object.entries(assignments).map(([memberId, assignment]) => ({
      memberId,
      assignment: Buffer.from(assignment),
    })),
  });
}

async function heartbeat(member: Membership) {
  const { errorCode } = await client.send(heartbeatApi, 4, {
    groupId,
    generationId: member.generationId,
    memberId: member.memberId,
    groupInstanceId: member.instanceId ?? null,
  });
  return errorCode;
}

async function commit(member: Membership, offset = 1, partition = 0, text: string | null = null) {
  const { topics } = await client.send(offsetCommitApi, 8, {
    groupId,
    generationId: member.generationId,
    memberId: member.memberId,
    groupInstanceId: member.instanceId ?? null,
    topics: [{ name: topic, partitions: [{ index: partition, offset, leaderEpoch: 0, metadata: text }] }],
  });
  return topics[0]!.partitions[0]!.errorCode;
}

async function committed() {
  const { groups } = await client.send(offsetFetchApi, 9, {
    groupId: '',
    topics: null,
    groups: [{ groupId, memberId: null, topics: null }],
    requireStable: true,
  });
  return groups[0]!.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ index, offset, metadata: text }) => ({ name, index, offset, text })),
  );
}

async function leave(member: { memberId: string; instanceId?: string }) {
  const { memberId, instanceId = null } = member;
  const { errorCode, members } = await client.send(leaveGroupApi, 5, {
    groupId,
    memberId: '',
    members: [{ memberId, groupInstanceId: instanceId, reason: null }],
  });
  return [errorCode, members[0]?.errorCode];
}

async function describe() {
  const { groups } = await client.send(describeGroupsApi, 5, {
    groups: [groupId],
    includeAuthorizedOperations: false,
  });
  return groups[0]!;
}

/** A group with one member that has its assignment. */
async function stable(member: Joining = {}): Promise<Membership> {
  const joined = await (member.instanceId ? join(member) : joinWithId(member));
  expect(joined.errorCode).toBe(ErrorCode.NONE);
  const { memberId, generationId } = joined;
  const membership = { memberId, generationId, ...(member.instanceId && { instanceId: member.instanceId }) };
  const { errorCode } = await sync(membership, { [memberId]: 'mine' });
  expect(errorCode).toBe(ErrorCode.NONE);
  return membership;
}

const outsider = { memberId: '', generationId: -1 };
const stranger = 'stranger';

test('a new member is given an id, joins with it, and leads the group', async () => {
  const joined = await joinWithId();
  expect(joined).toMatchObject({
    errorCode: ErrorCode.NONE,
    generationId: 1,
    protocolType: 'consumer',
    protocolName: 'range',
    leader: joined.memberId,
    members: [{ memberId: joined.memberId, groupInstanceId: null, metadata: metadata() }],
  });
});

test('a member of an old client joins without an id', async () => {
  const joined = await join({ version: 3 });
  expect(joined).toMatchObject({ errorCode: ErrorCode.NONE, generationId: 1, leader: joined.memberId });
});

test('the leader assigns to all, and everybody gets its part', async () => {
  const [first, second] = [await broker.current.raw(), await broker.current.raw()];
  const alone = await joinWithId({ through: first });
  const { memberId } = await join({ through: second });
  const secondJoins = join({ through: second, memberId });
  await eventually(async () => (await heartbeat(alone)) === ErrorCode.REBALANCE_IN_PROGRESS);
  const leader = await join({ through: first, memberId: alone.memberId });
  const follower = await secondJoins;
  expect(leader).toMatchObject({ errorCode: ErrorCode.NONE, leader: leader.memberId, generationId: 2 });
  expect(leader.members.map((member) => member.memberId).toSorted()).toEqual(
    [leader.memberId, memberId].toSorted(),
  );
  expect(follower).toMatchObject({ leader: leader.memberId, generationId: 2, members: [] });
  expect((await describe()).state).toBe('CompletingRebalance');

  const waiting = sync(follower, {}, second);
  const led = await sync(leader, { [leader.memberId]: 'leads', [memberId]: 'follows' }, first);
  expect(led.assignment.toString()).toBe('leads');
  expect((await waiting).assignment.toString()).toBe('follows');
  expect((await describe()).state).toBe('Stable');
});

test('all that members have in common is chosen as the protocol', async () => {
  const [first, second] = [await broker.current.raw(), await broker.current.raw()];
  const alone = await joinWithId({ through: first, protocols: ['sticky', 'range'] });
  expect(alone.protocolName).toBe('sticky');
  const protocols = ['range', 'roundrobin'];
  const { memberId } = await join({ through: second, protocols });
  const secondJoins = join({ through: second, memberId, protocols });
  await eventually(async () => (await heartbeat(alone)) === ErrorCode.REBALANCE_IN_PROGRESS);
  await join({ through: first, memberId: alone.memberId, protocols: ['sticky', 'range'] });
  expect((await secondJoins).protocolName).toBe('range');
});

test('a member whose protocols nobody else knows is refused', async () => {
  await stable();
  const refused = { errorCode: ErrorCode.INCONSISTENT_GROUP_PROTOCOL };
  expect(await join({ protocols: ['unheard of'] })).toMatchObject(refused);
  expect(await join({ protocolType: 'connect' })).toMatchObject(refused);
  expect(await join({ protocols: [] })).toMatchObject(refused);
  expect(await join({ protocolType: '' })).toMatchObject(refused);
});

test('a session time-out out of bounds is refused, and so is a group without a name', async () => {
  expect(await join({ sessionTimeoutMs: 1 })).toMatchObject({
    errorCode: ErrorCode.INVALID_SESSION_TIMEOUT,
  });
  expect(await join({ sessionTimeoutMs: 2 ** 31 - 1 })).toMatchObject({
    errorCode: ErrorCode.INVALID_SESSION_TIMEOUT,
  });
  expect(await join({ group: '' })).toMatchObject({ errorCode: ErrorCode.INVALID_GROUP_ID });
});

test('a member that the group does not know is refused everything', async () => {
  const known = await stable();
  const unknown = { memberId: stranger, generationId: known.generationId };
  expect(await join({ memberId: stranger })).toMatchObject({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID });
  expect(await sync(unknown)).toMatchObject({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID });
  expect(await heartbeat(unknown)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  expect(await commit(unknown)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  expect(await leave(unknown)).toEqual([ErrorCode.NONE, ErrorCode.UNKNOWN_MEMBER_ID]);
});

test('a group that is not there knows no members', async () => {
  const unknown = { memberId: stranger, generationId: 1 };
  expect(await join({ memberId: stranger })).toMatchObject({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID });
  expect(await sync(unknown)).toMatchObject({ errorCode: ErrorCode.UNKNOWN_MEMBER_ID });
  expect(await heartbeat(unknown)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  expect(await commit(unknown)).toBe(ErrorCode.ILLEGAL_GENERATION);
  expect(await leave(unknown)).toEqual([ErrorCode.NONE, ErrorCode.UNKNOWN_MEMBER_ID]);
});

test('a member of another generation is refused', async () => {
  const { memberId, generationId } = await stable();
  const outdated = { memberId, generationId: generationId - 1 };
  expect(await sync(outdated)).toMatchObject({ errorCode: ErrorCode.ILLEGAL_GENERATION });
  expect(await heartbeat(outdated)).toBe(ErrorCode.ILLEGAL_GENERATION);
  expect(await commit(outdated)).toBe(ErrorCode.ILLEGAL_GENERATION);
});

test('a member that has synced is told its assignment again', async () => {
  const member = await stable();
  expect((await sync(member)).assignment.toString()).toBe('mine');
});

test('a leader that joins again has the group rebalance; the others do not', async () => {
  const member = await stable();
  const again = await join({ memberId: member.memberId });
  expect(again).toMatchObject({ errorCode: ErrorCode.NONE, generationId: member.generationId + 1 });
});

test('a sync with another protocol than the group has is refused', async () => {
  const { memberId, generationId } = await joinWithId();
  const { errorCode } = await client.send(syncGroupApi, 5, {
    groupId,
    generationId,
    memberId,
    groupInstanceId: null,
    protocolType: 'consumer',
    protocolName: 'roundrobin',
    assignments: [],
  });
  expect(errorCode).toBe(ErrorCode.INCONSISTENT_GROUP_PROTOCOL);
});

test('a member that leaves is gone, and the group is empty', async () => {
  const member = await stable();
  expect(await leave(member)).toEqual([ErrorCode.NONE, ErrorCode.NONE]);
  expect(await heartbeat(member)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  expect(await describe()).toMatchObject({ state: 'Empty', members: [] });
});

test('a member that falls silent is taken out after its session time-out', async () => {
  const sessionTimeoutMs = Number(await broker.current.setting('group.min.session.timeout.ms'));
  const member = await stable({ sessionTimeoutMs });
  await eventually(async () => (await describe()).state === 'Empty');
  expect(await heartbeat(member)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
});

test('a member that does not join again in time is left behind', async () => {
  const [first, second] = [await broker.current.raw(), await broker.current.raw()];
  const slow = await joinWithId({ through: first, rebalanceTimeoutMs: 500 });
  await sync(slow, {}, first);
  const prompt = { through: second, rebalanceTimeoutMs: 500 };
  const { memberId } = await join(prompt);
  const joined = await join({ ...prompt, memberId });
  expect(joined).toMatchObject({ errorCode: ErrorCode.NONE, leader: memberId });
  expect(joined.members.map((member) => member.memberId)).toEqual([memberId]);
  expect(await heartbeat(slow)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
});

test('a static member that comes back has its place, and its former self is fenced', async () => {
  const before = await stable({ instanceId: 'static' });
  const after = await join({ instanceId: 'static' });
  expect(after).toMatchObject({
    errorCode: ErrorCode.NONE,
    generationId: before.generationId,
    skipAssignment: true,
  });
  expect(after.memberId).not.toBe(before.memberId);
  const { memberId, generationId } = after;
  const synced = await sync({ memberId, generationId, instanceId: 'static' });
  expect(synced.assignment.toString()).toBe('mine');
  expect(await heartbeat(before)).toBe(ErrorCode.FENCED_INSTANCE_ID);
  expect(await commit(before)).toBe(ErrorCode.FENCED_INSTANCE_ID);
  expect(await heartbeat({ memberId, generationId, instanceId: 'static' })).toBe(ErrorCode.NONE);
});

test('a static member is taken out by its name', async () => {
  await stable({ instanceId: 'static' });
  expect(await leave({ memberId: '', instanceId: 'another' })).toEqual([
    ErrorCode.NONE,
    ErrorCode.UNKNOWN_MEMBER_ID,
  ]);
  expect(await leave({ memberId: '', instanceId: 'static' })).toEqual([ErrorCode.NONE, ErrorCode.NONE]);
  expect((await describe()).state).toBe('Empty');
});

test('offsets are committed with their metadata by a member, and fetched by anyone', async () => {
  const member = await stable();
  expect(await commit(member, 7, 1, 'as far as here')).toBe(ErrorCode.NONE);
  expect(await committed()).toEqual([{ name: topic, index: 1, offset: 7, text: 'as far as here' }]);
});

test('a commit of a topic that is not there, or with too long a metadata, is refused', async () => {
  expect(await commit(outsider, 1, 9)).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  expect(await commit(outsider, 1, 0, 'x'.repeat(4097))).toBe(ErrorCode.OFFSET_METADATA_TOO_LARGE);
  expect(await committed()).toEqual([]);
});

test('an outsider commits offsets only while the group has no members', async () => {
  expect(await commit(outsider, 3)).toBe(ErrorCode.NONE);
  const member = await stable();
  expect(await commit(outsider, 4)).toBe(ErrorCode.UNKNOWN_MEMBER_ID);
  await leave(member);
  expect(await commit(outsider, 5)).toBe(ErrorCode.NONE);
  expect(await committed()).toEqual([{ name: topic, index: 0, offset: 5, text: '' }]);
});

test('a member commits while the group waits for others, not before it has its assignment', async () => {
  const joined = await joinWithId();
  expect(await commit(joined)).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
  await sync(joined, { [joined.memberId]: 'mine' });
  const other = await broker.current.raw();
  const { memberId } = await join({ through: other });
  const otherJoins = join({ through: other, memberId });
  await eventually(async () => (await heartbeat(joined)) === ErrorCode.REBALANCE_IN_PROGRESS);
  expect(await commit(joined, 2)).toBe(ErrorCode.NONE);
  await leave(joined);
  expect(await otherJoins).toMatchObject({ errorCode: ErrorCode.NONE });
});

test('offsets are deleted, but not while the group reads the topic', async () => {
  const remove = async (partition = 0) => {
    const { errorCode, topics } = await client.send(offsetDeleteApi, 0, {
      groupId,
      topics: [{ name: topic, partitions: [{ index: partition }] }],
    });
    return errorCode === ErrorCode.NONE ? topics[0]!.partitions[0]!.errorCode : errorCode;
  };
  expect(await remove()).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
  const member = await stable();
  await commit(member);
  expect(await remove()).toBe(ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC);
  await leave(member);
  expect(await committed()).toMatchObject([{ name: topic, offset: 1 }]);
  expect(await remove()).toBe(ErrorCode.NONE);
  expect(await committed()).toEqual([]);
  expect(await remove(9)).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
});

test('an unknown group is not deleted, and neither is one with members', async () => {
  const remove = async () => {
    const { groups } = await client.send(deleteGroupsApi, 2, { groups: [groupId] });
    return groups[0]!.errorCode;
  };
  expect(await remove()).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
  const member = await stable();
  expect(await remove()).toBe(ErrorCode.NON_EMPTY_GROUP);
  await leave(member);
  expect(await remove()).toBe(ErrorCode.NONE);
  expect(await remove()).toBe(ErrorCode.GROUP_ID_NOT_FOUND);
});

test('groups are listed by state and type', async () => {
  await commit(outsider);
  const listed = async (statesFilter: string[], typesFilter: string[]) => {
    const { groups } = await client.send(listGroupsApi, 5, { statesFilter, typesFilter });
    return groups.filter((group) => group.groupId === groupId);
  };
  const [group] = await listed([], []);
  expect(group).toMatchObject({ groupId, state: 'Empty', type: 'classic' });
  expect(await listed(['empty'], ['classic'])).toEqual([group]);
  expect(await listed(['Stable'], [])).toEqual([]);
  expect(await listed([], ['consumer'])).toEqual([]);
});

test('the offsets of a topic are gone when it was deleted', async () => {
  await commit(outsider);
  expect(await committed()).toHaveLength(1);
  await admin.deleteTopics({ topics: [topic] });
  await eventually(async () => (await committed()).length === 0);
});
