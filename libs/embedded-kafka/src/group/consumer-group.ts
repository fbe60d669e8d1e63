import { randomUUID } from 'node:crypto';
import { ErrorCode, RefusedError } from '../protocol/errors.js';
import {
  Member,
  type Candidate,
  type JoinAnswer,
  type MemberRecord,
  type Protocol,
  type SyncAnswer,
} from './member.js';

/** The states of a group, with the names that DescribeGroups gives them. */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

/** A finished rebalance: who is in the group and has which partitions. Without members the group is empty. */
export interface GenerationRecord {
  readonly generation: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leaderId: string | null;
  readonly members: readonly MemberRecord[];
}

export interface ConsumerGroupOptions {
  /** How long the first member of an empty group waits for others. */
  readonly initialRebalanceDelayMs: number;
  /** Makes the outcome of a rebalance durable and then calls {@link ConsumerGroup.adopt}. */
  readonly store: (record: GenerationRecord) => Promise<void>;
}

/** A request of a member that has joined. */
export interface MemberRequest {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly generation: number;
}

const nothing = Buffer.alloc(0);

/**
 * The membership of one group, after Kafka's classic rebalance protocol:
 *
 *     Empty --join--> PreparingRebalance --all have joined, or time is up--> CompletingRebalance
 *     CompletingRebalance --the leader's assignment is durable--> Stable
 *     Stable, CompletingRebalance --a member joins, leaves or falls silent--> PreparingRebalance
 *     PreparingRebalance --nobody is left--> Empty
 */
export class ConsumerGroup {
  private currentState: GroupState = 'Empty';
  private currentGeneration = 0;
  private type: string | null = null;
  private protocol: string | null = null;
  private leaderId: string | null = null;
  private readonly membersById = new Map<string, Member>();
  private readonly memberIdsByInstance = new Map<string, string>();
  /** Ids that were given out and with which nobody has joined yet. */
  private readonly reservedIds = new Map<string, NodeJS.Timeout>();
  private rebalanceTimer: NodeJS.Timeout | undefined;
  private waitsForFirstMembers = false;
  private lastRecord: GenerationRecord | undefined;
  private isLive = false;

  constructor(
    readonly id: string,
    private readonly options: ConsumerGroupOptions,
  ) {}

  get state(): GroupState {
    return this.currentState;
  }

  get generation(): number {
    return this.currentGeneration;
  }

  get protocolType(): string | null {
    return this.type;
  }

  get protocolName(): string | null {
    return this.currentState === 'Stable' ? this.protocol : null;
  }

  get members(): readonly Member[] {
    return [...this.membersById.values()];
  }

  get hasMembers(): boolean {
    return this.membersById.size > 0;
  }

  /** Nobody is in the group or about to join. */
  get isUnused(): boolean {
    return this.currentState === 'Empty' && this.reservedIds.size === 0;
  }

  /** The last finished rebalance. */
  get record(): GenerationRecord | undefined {
    return this.lastRecord;
  }

  /**
   * Lets a client into the group. The answer comes when the rebalance that this causes has all members, or at once when
   * it causes none.
   *
   * @param mustKnowId whether a client without a member id is given one and has to join again with it (KIP-394)
   * @throws RefusedError
   */
  join(candidate: Candidate, mustKnowId: boolean): Promise<JoinAnswer> {
    this.checkProtocols(candidate);
    const instance = candidate.instanceId && this.memberIdsByInstance.get(candidate.instanceId);
    if (candidate.memberId === '') {
      const id = `${candidate.clientId}-${randomUUID()}`;
      if (instance) return this.replaceStatic(this.membersById.get(instance)!, id, candidate);
      if (mustKnowId && candidate.instanceId === null) return Promise.resolve(this.reserveId(id, candidate));
      return this.addMember(id, candidate);
    }
    const reserved = this.reservedIds.get(candidate.memberId);
    if (reserved !== undefined) {
      clearTimeout(reserved);
      this.reservedIds.delete(candidate.memberId);
      return this.addMember(candidate.memberId, candidate);
    }
    const member = this.requireMember(candidate.memberId, candidate.instanceId);
    const unchanged = member.knows(candidate.protocols);
    const staysAsItIs =
      (this.currentState === 'CompletingRebalance' && unchanged) ||
      (this.currentState === 'Stable' && unchanged && member.id !== this.leaderId);
    if (staysAsItIs) {
      member.startSession();
      return Promise.resolve(this.joined(member));
    }
    member.update(candidate);
    return this.awaitRebalance(member);
  }

  /**
   * Gives a member its assignment. The leader brings everybody's; the others wait for it.
   *
   * @throws RefusedError
   */
  sync(
    request: MemberRequest & { protocolType: string | null; protocolName: string | null },
    assignments: readonly { memberId: string; assignment: Buffer }[],
  ): Promise<SyncAnswer> {
    const member = this.requireCurrent(request);
    const { protocolType, protocolName } = request;
    if ((protocolType ?? this.type) !== this.type || (protocolName ?? this.protocol) !== this.protocol) {
      throw new RefusedError(
        ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
        'The group has agreed on another protocol.',
      );
    }
    if (this.currentState === 'PreparingRebalance') throw rebalancing();
    if (this.currentState === 'Stable') {
      member.startSession();
      return Promise.resolve(this.synced(member));
    }
    member.answerSync(this.syncFailed(ErrorCode.REBALANCE_IN_PROGRESS));
    const answer = new Promise<SyncAnswer>((resolve) => member.awaitSync(resolve));
    if (member.id === this.leaderId) this.storeAssignments(assignments);
    return answer;
  }

  /** @throws RefusedError, also REBALANCE_IN_PROGRESS when the member has to join again */
  heartbeat(request: MemberRequest): void {
    const member = this.requireCurrent(request);
    if (!member.isJoining && !member.isSyncing) member.startSession();
    if (this.currentState === 'PreparingRebalance') throw rebalancing();
  }

  /**
   * Takes a member out at once.
   *
   * @throws RefusedError when there is no such member
   */
  leave(memberId: string, instanceId: string | null): void {
    const reserved = this.reservedIds.get(memberId);
    if (reserved !== undefined) {
      clearTimeout(reserved);
      this.reservedIds.delete(memberId);
      this.completeJoinIfAllAreThere();
      return;
    }
    const known =
      memberId === '' && instanceId !== null ? this.memberIdsByInstance.get(instanceId) : memberId;
    this.removeAndRebalance(this.requireMember(known ?? '', instanceId));
  }

  /**
   * Decides whether offsets may be committed: by a member of the current generation, or by anyone while the group has no
   * members (a negative generation).
   *
   * @throws RefusedError
   */
  checkCommit(request: MemberRequest): void {
    if (request.generation < 0 && !this.hasMembers) return;
    const member = this.requireCurrent(request);
    if (!member.isJoining && !member.isSyncing) member.startSession();
    if (this.currentState === 'CompletingRebalance') throw rebalancing();
  }

  /** Takes over a finished rebalance: its own, when that has become durable, or one from before a restart. */
  adopt(record: GenerationRecord): void {
    this.lastRecord = record;
    if (!this.isLive) this.becomeAsRecorded(record);
    else if (record.generation === this.currentGeneration && this.currentState === 'CompletingRebalance') {
      this.finishRebalance(record);
    }
  }

  /** Ends recovery. The sessions of members from before a restart begin: they have their time-out to be heard of. */
  goLive(): void {
    this.isLive = true;
    for (const member of this.members) member.startSession();
  }

  /** Stops all timers. */
  close(): void {
    this.currentState = 'Dead';
    clearTimeout(this.rebalanceTimer);
    for (const timer of this.reservedIds.values()) clearTimeout(timer);
    for (const member of this.members) member.suspendSession();
  }

  private checkProtocols({ protocolType, protocols, memberId }: Candidate): void {
    const others = this.members.filter((member) => member.id !== memberId);
    const type = this.hasMembers ? this.type : protocolType;
    const agreeable = protocols.some(({ name }) =>
      others.every((member) => member.protocols.some((known) => known.name === name)),
    );
    if (protocolType === '' || protocolType !== type || !agreeable) {
      throw new RefusedError(
        ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
        `The members of group ${this.id} have no protocol in common with the new one.`,
      );
    }
  }

  private reserveId(id: string, candidate: Candidate): JoinAnswer {
    const expire = () => {
      this.reservedIds.delete(id);
      this.completeJoinIfAllAreThere();
    };
    this.reservedIds.set(id, setTimeout(expire, candidate.sessionTimeoutMs));
    return { ...this.nobody, errorCode: ErrorCode.MEMBER_ID_REQUIRED, memberId: id };
  }

  private addMember(id: string, candidate: Candidate): Promise<JoinAnswer> {
    const member = new Member(id, candidate, (silent) => this.removeAndRebalance(silent));
    this.type = candidate.protocolType;
    this.membersById.set(id, member);
    if (member.instanceId !== null) this.memberIdsByInstance.set(member.instanceId, id);
    return this.awaitRebalance(member);
  }

  /** A static member came back with a new id. In a stable group it just goes on with its old assignment. */
  private replaceStatic(old: Member, id: string, candidate: Candidate): Promise<JoinAnswer> {
    const fenced = ErrorCode.FENCED_INSTANCE_ID;
    old.answerJoin({ ...this.nobody, errorCode: fenced, memberId: old.id });
    old.answerSync(this.syncFailed(fenced));
    old.suspendSession();
    const member = new Member(id, candidate, (silent) => this.removeAndRebalance(silent));
    member.assignment = old.assignment;
    this.membersById.delete(old.id);
    this.membersById.set(id, member);
    this.memberIdsByInstance.set(candidate.instanceId!, id);
    const wasLeader = this.leaderId === old.id;
    if (wasLeader) this.leaderId = id;
    if (this.currentState !== 'Stable' || !old.knows(candidate.protocols)) return this.awaitRebalance(member);
    member.startSession();
    const record = this.toRecord();
    return this.options.store(record).then(() => ({ ...this.joined(member), skipAssignment: wasLeader }));
  }

  private awaitRebalance(member: Member): Promise<JoinAnswer> {
    member.answerJoin({ ...this.nobody, errorCode: ErrorCode.REBALANCE_IN_PROGRESS, memberId: member.id });
    const answer = new Promise<JoinAnswer>((resolve) => member.awaitJoin(resolve));
    this.prepareRebalance();
    return answer;
  }

  private prepareRebalance(): void {
    if (this.currentState !== 'PreparingRebalance') {
      for (const member of this.members) {
        member.assignment = nothing;
        if (!member.isSyncing) continue;
        member.answerSync(this.syncFailed(ErrorCode.REBALANCE_IN_PROGRESS));
        member.startSession();
      }
      this.waitsForFirstMembers = this.currentState === 'Empty' && this.options.initialRebalanceDelayMs > 0;
      this.currentState = 'PreparingRebalance';
      this.startRebalanceTimer(() => this.completeJoin());
    }
    this.completeJoinIfAllAreThere();
  }

  private startRebalanceTimer(onTimeout: () => void): void {
    clearTimeout(this.rebalanceTimer);
    const longest = Math.max(0, ...this.members.map((member) => member.rebalanceTimeoutMs));
    const delay = this.waitsForFirstMembers ? this.options.initialRebalanceDelayMs : longest;
    this.rebalanceTimer = setTimeout(onTimeout, delay);
  }

  private completeJoinIfAllAreThere(): void {
    if (
      this.currentState === 'PreparingRebalance' &&
      !this.waitsForFirstMembers &&
      this.reservedIds.size === 0 &&
      this.members.every((member) => member.isJoining)
    ) {
      this.completeJoin();
    }
  }

  /** Those who have joined make up the next generation; static members stay in it for their session. */
  private completeJoin(): void {
    clearTimeout(this.rebalanceTimer);
    this.waitsForFirstMembers = false;
    for (const member of this.members) {
      if (!member.isJoining && member.instanceId === null) this.remove(member);
    }
    if (!this.hasMembers) {
      this.becomeEmpty();
      return;
    }
    const joined = this.members.filter((member) => member.isJoining);
    if (joined.length === 0) {
      this.startRebalanceTimer(() => this.completeJoin());
      return;
    }
    if (!joined.some((member) => member.id === this.leaderId)) this.leaderId = joined[0]!.id;
    this.currentGeneration++;
    this.protocol = electProtocol(this.members);
    this.currentState = 'CompletingRebalance';
    for (const member of joined) {
      member.startSession();
      member.answerJoin(this.joined(member));
    }
    this.startRebalanceTimer(() => this.removeThoseWhoDoNotSync());
  }

  private removeThoseWhoDoNotSync(): void {
    if (this.currentState !== 'CompletingRebalance') return;
    for (const member of this.members) {
      if (!member.isSyncing) this.remove(member);
    }
    this.prepareRebalance();
  }

  private storeAssignments(assignments: readonly { memberId: string; assignment: Buffer }[]): void {
    const byMember = new Map(assignments.map(({ memberId, assignment }) => [memberId, assignment]));
    const record = this.toRecord((member) => byMember.get(member.id) ?? nothing);
    this.options.store(record).catch(() => {
      if (this.currentState !== 'CompletingRebalance' || this.currentGeneration !== record.generation) return;
      for (const member of this.members) {
        if (!member.isSyncing) continue;
        member.answerSync(this.syncFailed(ErrorCode.COORDINATOR_NOT_AVAILABLE));
        member.startSession();
      }
      this.prepareRebalance();
    });
  }

  private finishRebalance(record: GenerationRecord): void {
    clearTimeout(this.rebalanceTimer);
    this.currentState = 'Stable';
    for (const { id, assignment } of record.members) {
      const member = this.membersById.get(id);
      if (member === undefined) continue;
      member.assignment = Buffer.from(assignment, 'base64');
      member.startSession();
      member.answerSync(this.synced(member));
    }
  }

  private becomeAsRecorded(record: GenerationRecord): void {
    this.currentGeneration = record.generation;
    this.type = record.protocolType;
    this.protocol = record.protocolName;
    this.leaderId = record.leaderId;
    this.currentState = record.members.length > 0 ? 'Stable' : 'Empty';
    this.membersById.clear();
    this.memberIdsByInstance.clear();
    for (const memberRecord of record.members) {
      const member = Member.fromRecord(memberRecord, (silent) => this.removeAndRebalance(silent));
      this.membersById.set(member.id, member);
      if (member.instanceId !== null) this.memberIdsByInstance.set(member.instanceId, member.id);
    }
  }

  private becomeEmpty(): void {
    this.currentGeneration++;
    this.currentState = 'Empty';
    this.protocol = null;
    this.leaderId = null;
    // When this cannot be stored, the members come back after a restart of the broker and fall silent there.
    this.options.store(this.toRecord()).catch(() => undefined);
  }

  private removeAndRebalance(member: Member): void {
    this.remove(member);
    this.prepareRebalance();
  }

  private remove(member: Member): void {
    member.suspendSession();
    this.membersById.delete(member.id);
    if (member.instanceId !== null) this.memberIdsByInstance.delete(member.instanceId);
    member.answerJoin({ ...this.nobody, errorCode: ErrorCode.UNKNOWN_MEMBER_ID, memberId: member.id });
    member.answerSync(this.syncFailed(ErrorCode.UNKNOWN_MEMBER_ID));
  }

  private requireMember(memberId: string, instanceId: string | null): Member {
    const instance = instanceId === null ? undefined : this.memberIdsByInstance.get(instanceId);
    if (instance !== undefined && instance !== memberId) {
      throw new RefusedError(ErrorCode.FENCED_INSTANCE_ID, `Instance ${instanceId} has joined again.`);
    }
    const member = this.membersById.get(memberId);
    if (member === undefined) throw unknownMember(memberId, this.id);
    return member;
  }

  private requireCurrent(request: MemberRequest): Member {
    const member = this.requireMember(request.memberId, request.instanceId);
    if (request.generation !== this.currentGeneration) {
      throw new RefusedError(
        ErrorCode.ILLEGAL_GENERATION,
        `Generation ${request.generation} of group ${this.id} was followed by ${this.currentGeneration}.`,
      );
    }
    return member;
  }

  private joined(member: Member): JoinAnswer {
    const isLeader = member.id === this.leaderId;
    return {
      errorCode: ErrorCode.NONE,
      memberId: member.id,
      generation: this.currentGeneration,
      protocolType: this.type,
      protocolName: this.protocol,
      leaderId: this.leaderId ?? '',
      members: isLeader
        ? this.members.map((other) => ({
            memberId: other.id,
            instanceId: other.instanceId,
            metadata: other.metadataFor(this.protocol),
          }))
        : [],
      skipAssignment: false,
    };
  }

  private synced(member: Member): SyncAnswer {
    return {
      errorCode: ErrorCode.NONE,
      protocolType: this.type,
      protocolName: this.protocol,
      assignment: member.assignment,
    };
  }

  private syncFailed(errorCode: ErrorCode): SyncAnswer {
    return { errorCode, protocolType: null, protocolName: null, assignment: nothing };
  }

  private get nobody(): Omit<JoinAnswer, 'errorCode' | 'memberId'> {
    return {
      generation: -1,
      protocolType: null,
      protocolName: null,
      leaderId: '',
      members: [],
      skipAssignment: false,
    };
  }

  private toRecord(
    assignmentOf: (member: Member) => Buffer = (member) => member.assignment,
  ): GenerationRecord {
    return {
      generation: this.currentGeneration,
      protocolType: this.type,
      protocolName: this.protocol,
      leaderId: this.leaderId,
      members: this.members.map((member) => ({
        ...member.toRecord(),
        assignment: assignmentOf(member).toString('base64'),
      })),
    };
  }
}

/** Of the protocols that all members know, the one that most of them like best. */
function electProtocol(members: readonly Member[]): string {
  const knownToAll = ({ name }: Protocol) =>
    members.every((member) => member.protocols.some((known) => known.name === name));
  const votes = new Map<string, number>();
  for (const member of members) {
    const favourite = member.protocols.find(knownToAll)!.name;
    votes.set(favourite, (votes.get(favourite) ?? 0) + 1);
  }
  return [...votes].toSorted(([, a], [, b]) => b - a)[0]![0];
}

function rebalancing(): RefusedError {
  return new RefusedError(ErrorCode.REBALANCE_IN_PROGRESS, 'The group is rebalancing; join it again.');
}

export function unknownMember(memberId: string, groupId: string): RefusedError {
  return new RefusedError(ErrorCode.UNKNOWN_MEMBER_ID, `Group ${groupId} has no member '${memberId}'.`);
}
