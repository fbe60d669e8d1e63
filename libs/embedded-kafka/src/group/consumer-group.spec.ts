import { jest } from '@jest/globals';
import { ErrorCode } from '../protocol/errors.js';
import { ConsumerGroup, type GenerationRecord } from './consumer-group.js';
import type { Candidate, JoinAnswer } from './member.js';

const sessionTimeoutMs = 10_000;
const rebalanceTimeoutMs = 60_000;
let group: ConsumerGroup;
let stored: GenerationRecord[];

beforeEach(() => {
  jest.useFakeTimers();
  group = liveGroup();
});

afterEach(() => {
  group.close();
  jest.useRealTimers();
});

function liveGroup(initialRebalanceDelayMs = 0): ConsumerGroup {
  stored = [];
  const created = new ConsumerGroup('group', {
    initialRebalanceDelayMs,
    store: async (record) => {
      stored.push(record);
      created.adopt(record);
    },
  });
  created.goLive();
  return created;
}

function candidate(memberId = '', changes: Partial<Candidate> = {}): Candidate {
  return {
    memberId,
    instanceId: null,
    clientId: 'client',
    clientHost: '/127.0.0.1',
    sessionTimeoutMs,
    rebalanceTimeoutMs,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.from('topics') }],
    ...changes,
  };
}

const join = (memberId = '', changes: Partial<Candidate> = {}) =>
  group.join(candidate(memberId, changes), false);

function request({ memberId, generation }: JoinAnswer, instanceId: string | null = null) {
  return { memberId, instanceId, generation, protocolType: null, protocolName: null };
}

/** Lets the leader assign to every member its own id. */
function syncAsLeader(leader: JoinAnswer) {
  const assignments = leader.members.map(({ memberId }) => ({ memberId, assignment: Buffer.from(memberId) }));
  return group.sync(request(leader), assignments);
}

/** A stable group of two: the first member joins, the second makes it join again. */
async function stableGroupOfTwo() {
  const alone = await join();
  await syncAsLeader(alone);
  const second = join();
  expect(() => group.heartbeat(request(alone))).toThrow(refusedWith(ErrorCode.REBALANCE_IN_PROGRESS));
  const leader = await join(alone.memberId);
  const follower = await second;
  const followerSync = group.sync(request(follower), []);
  const assignments = await Promise.all([syncAsLeader(leader), followerSync]);
  return { leader, follower, assignments };
}

const refusedWith = (code: ErrorCode) => expect.objectContaining({ code });

test('the only member leads at once and gets what it assigns to itself', async () => {
  const answer = await join();
  expect(answer).toMatchObject({ generation: 1, leaderId: answer.memberId, protocolName: 'range' });
  expect(answer.members).toEqual([
    { memberId: answer.memberId, instanceId: null, metadata: Buffer.from('topics') },
  ]);
  expect(group.state).toBe('CompletingRebalance');
  const { assignment } = await syncAsLeader(answer);
  expect(assignment.toString()).toBe(answer.memberId);
  expect(group.state).toBe('Stable');
  expect(stored).toHaveLength(1);
});

test('a client without an id gets one first when it must know it', async () => {
  const first = await group.join(candidate(), true);
  expect(first).toMatchObject({ errorCode: ErrorCode.MEMBER_ID_REQUIRED, generation: -1 });
  expect(group.hasMembers).toBe(false);
  const second = await group.join(candidate(first.memberId), true);
  expect(second).toMatchObject({ errorCode: ErrorCode.NONE, memberId: first.memberId, generation: 1 });
});

test('with a second member all join again; the leader assigns for both', async () => {
  const { leader, follower, assignments } = await stableGroupOfTwo();
  expect(leader).toMatchObject({ generation: 2, leaderId: leader.memberId });
  expect(leader.members).toHaveLength(2);
  expect(follower).toMatchObject({ generation: 2, leaderId: leader.memberId, members: [] });
  expect(assignments.map(({ assignment }) => assignment.toString())).toEqual([
    leader.memberId,
    follower.memberId,
  ]);
  expect(() => group.heartbeat(request(leader))).not.toThrow();
});

test('a member that leaves makes the others join again, the last one leaves the group empty', async () => {
  const { leader, follower } = await stableGroupOfTwo();
  group.leave(leader.memberId, null);
  expect(() => group.heartbeat(request(follower))).toThrow(refusedWith(ErrorCode.REBALANCE_IN_PROGRESS));
  const alone = await join(follower.memberId);
  expect(alone).toMatchObject({ generation: 3, leaderId: follower.memberId });
  group.leave(follower.memberId, null);
  expect(group.state).toBe('Empty');
  expect(stored.at(-1)).toMatchObject({ generation: 4, members: [] });
});

test('a member that is silent for its session time-out is taken out', async () => {
  const { leader, follower } = await stableGroupOfTwo();
  jest.advanceTimersByTime(sessionTimeoutMs - 1);
  group.heartbeat(request(leader));
  jest.advanceTimersByTime(1);
  expect(group.state).toBe('PreparingRebalance');
  const alone = await join(leader.memberId);
  expect(alone.members).toHaveLength(1);
  expect(() => group.heartbeat(request(follower))).toThrow(refusedWith(ErrorCode.UNKNOWN_MEMBER_ID));
});

test('a member that does not join again in time is left behind', async () => {
  const { leader, follower } = await stableGroupOfTwo();
  const joining = join('', { rebalanceTimeoutMs: 5000 });
  const rejoining = join(leader.memberId, { rebalanceTimeoutMs: 5000 });
  const beats = setInterval(() => {
    try {
      group.heartbeat(request(follower));
    } catch {
      // It is told to join again and does not.
    }
  }, 1000);
  jest.advanceTimersByTime(rebalanceTimeoutMs);
  clearInterval(beats);
  const [third, again] = await Promise.all([joining, rejoining]);
  expect(again.members.map(({ memberId }) => memberId)).toEqual([leader.memberId, third.memberId]);
});

test('a leader that never assigns is taken out, and the others start over', async () => {
  const alone = await join('', { rebalanceTimeoutMs: 5000 });
  await syncAsLeader(alone);
  const second = join('', { rebalanceTimeoutMs: 5000 });
  await join(alone.memberId, { rebalanceTimeoutMs: 5000 });
  const follower = await second;
  const sync = group.sync(request(follower), []);
  jest.advanceTimersByTime(5000);
  expect((await sync).errorCode).toBe(ErrorCode.REBALANCE_IN_PROGRESS);
  expect(await join(follower.memberId)).toMatchObject({ leaderId: follower.memberId, generation: 3 });
});

test('requests of an old generation and of strangers are refused', async () => {
  const { leader, follower } = await stableGroupOfTwo();
  const old = request({ ...leader, generation: 1 });
  expect(() => group.heartbeat(old)).toThrow(refusedWith(ErrorCode.ILLEGAL_GENERATION));
  expect(() => group.checkCommit(old)).toThrow(refusedWith(ErrorCode.ILLEGAL_GENERATION));
  expect(() => group.sync(old, [])).toThrow(refusedWith(ErrorCode.ILLEGAL_GENERATION));
  const stranger = request({ ...follower, memberId: 'stranger' });
  expect(() => group.heartbeat(stranger)).toThrow(refusedWith(ErrorCode.UNKNOWN_MEMBER_ID));
  expect(() => group.leave('stranger', null)).toThrow(refusedWith(ErrorCode.UNKNOWN_MEMBER_ID));
  expect(() => group.checkCommit(request({ ...leader, memberId: '', generation: -1 }))).toThrow(
    refusedWith(ErrorCode.UNKNOWN_MEMBER_ID),
  );
});

test('offsets are committed by members, or by anyone while there are none', async () => {
  expect(() => group.checkCommit({ memberId: '', instanceId: null, generation: -1 })).not.toThrow();
  const alone = await join();
  expect(() => group.checkCommit(request(alone))).toThrow(refusedWith(ErrorCode.REBALANCE_IN_PROGRESS));
  await syncAsLeader(alone);
  expect(() => group.checkCommit(request(alone))).not.toThrow();
});

test('the protocol that most members like best is taken, of those that all know', async () => {
  const protocols = (...names: string[]) => names.map((name) => ({ name, metadata: Buffer.from(name) }));
  const first = await join('', { protocols: protocols('a', 'b', 'c') });
  const second = join('', { protocols: protocols('c', 'b') });
  const third = join('', { protocols: protocols('b', 'c') });
  const again = await join(first.memberId, { protocols: protocols('a', 'b', 'c') });
  await Promise.all([second, third]);
  expect(again.protocolName).toBe('b');
  expect(again.members.map(({ metadata }) => metadata.toString())).toEqual(['b', 'b', 'b']);
  expect(() => join('', { protocols: protocols('a') })).toThrow(
    refusedWith(ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
  );
  expect(() => join('', { protocolType: 'connect' })).toThrow(
    refusedWith(ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
  );
});

test('a join that is repeated after a lost answer gets the answer again', async () => {
  const first = await join();
  expect(await join(first.memberId)).toEqual(first);
  await syncAsLeader(first);
  const again = await group.sync(request(first), []);
  expect(again.assignment.toString()).toBe(first.memberId);
});

test('a static member comes back into its place without a rebalance; its old self is fenced', async () => {
  const instanceId = 'instance';
  const first = await join('', { instanceId });
  await group.sync(request(first, instanceId), [
    { memberId: first.memberId, assignment: Buffer.from('mine') },
  ]);
  const back = await join('', { instanceId });
  expect(back.memberId).not.toBe(first.memberId);
  expect(back).toMatchObject({ generation: 1, skipAssignment: true });
  expect(group.state).toBe('Stable');
  const { assignment } = await group.sync(request(back, instanceId), []);
  expect(assignment.toString()).toBe('mine');
  expect(() => group.heartbeat(request(first, instanceId))).toThrow(
    refusedWith(ErrorCode.FENCED_INSTANCE_ID),
  );
});

test('when the assignment cannot be stored, nobody gets it and all join again', async () => {
  const failing = new ConsumerGroup('group', {
    initialRebalanceDelayMs: 0,
    store: () => Promise.reject(new Error('disk full')),
  });
  failing.goLive();
  const first = await failing.join(candidate(), false);
  const { errorCode } = await failing.sync(request(first), []);
  expect(errorCode).toBe(ErrorCode.COORDINATOR_NOT_AVAILABLE);
  expect(failing.state).toBe('PreparingRebalance');
  failing.close();
});

test('the first member waits for others as long as it is told', async () => {
  group.close();
  group = liveGroup(3000);
  const members = [join(), join()];
  jest.advanceTimersByTime(2999);
  expect(group.state).toBe('PreparingRebalance');
  jest.advanceTimersByTime(1);
  const [leader] = await Promise.all(members);
  expect(leader!.members).toHaveLength(2);
  expect(leader!.generation).toBe(1);
});

test('after a restart the members have their session time-out to be heard of', async () => {
  const { leader, follower } = await stableGroupOfTwo();
  const record = JSON.parse(JSON.stringify(group.record)) as GenerationRecord;
  group.close();
  group = new ConsumerGroup('group', { initialRebalanceDelayMs: 0, store: () => Promise.resolve() });
  group.adopt(record);
  group.goLive();
  expect(group.state).toBe('Stable');
  jest.advanceTimersByTime(sessionTimeoutMs - 1);
  group.heartbeat(request(leader));
  jest.advanceTimersByTime(1);
  expect(group.members.map(({ id }) => id)).toEqual([leader.memberId]);
  expect(() => group.heartbeat(request(follower))).toThrow(refusedWith(ErrorCode.UNKNOWN_MEMBER_ID));
});
