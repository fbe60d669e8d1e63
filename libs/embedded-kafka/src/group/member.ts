import type { ErrorCode } from '../protocol/errors.js';

/** A way of assigning partitions that a member knows, and what it wants to tell the leader for it. */
export interface Protocol {
  readonly name: string;
  readonly metadata: Buffer;
}

/** What a client says of itself when it joins. */
export interface Candidate {
  /** Empty when the client has none yet. */
  readonly memberId: string;
  /** The name of a static member (KIP-345), which keeps its place while its process restarts. */
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly Protocol[];
}

/** The answer to a JoinGroup request. */
export interface JoinAnswer {
  readonly errorCode: ErrorCode;
  readonly memberId: string;
  readonly generation: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leaderId: string;
  /** Only for the leader: all members, for whom it makes the assignment. */
  readonly members: readonly { memberId: string; instanceId: string | null; metadata: Buffer }[];
  /** For a static leader that came back: the assignment stands. */
  readonly skipAssignment: boolean;
}

/** The answer to a SyncGroup request. */
export interface SyncAnswer {
  readonly errorCode: ErrorCode;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Buffer;
}

/** What must be remembered of a member to survive a restart of the broker. */
export interface MemberRecord {
  readonly id: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** Metadata and assignment in base64. */
  readonly protocols: readonly (readonly [name: string, metadata: string])[];
  readonly assignment: string;
}

const nothing = Buffer.alloc(0);

/** A member of a consumer group, with the requests of its that wait for an answer. */
export class Member {
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  protocols: readonly Protocol[];
  assignment: Buffer = nothing;
  private join: ((answer: JoinAnswer) => void) | undefined;
  private sync: ((answer: SyncAnswer) => void) | undefined;
  private session: NodeJS.Timeout | undefined;

  constructor(
    readonly id: string,
    candidate: Omit<Candidate, 'memberId' | 'protocolType'>,
    /** Called when the member has not been heard of for its session time-out. */
    private readonly onSilence: (member: Member) => void,
  ) {
    this.instanceId = candidate.instanceId;
    this.clientId = candidate.clientId;
    this.clientHost = candidate.clientHost;
    this.sessionTimeoutMs = candidate.sessionTimeoutMs;
    this.rebalanceTimeoutMs = candidate.rebalanceTimeoutMs;
    this.protocols = candidate.protocols;
  }

  static fromRecord(record: MemberRecord, onSilence: (member: Member) => void): Member {
    const protocols = record.protocols.map(([name, metadata]) => ({
      name,
      metadata: Buffer.from(metadata, 'base64'),
    }));
    const member = new Member(record.id, { ...record, protocols }, onSilence);
    member.assignment = Buffer.from(record.assignment, 'base64');
    return member;
  }

  get isJoining(): boolean {
    return this.join !== undefined;
  }

  get isSyncing(): boolean {
    return this.sync !== undefined;
  }

  update(candidate: Candidate): void {
    this.sessionTimeoutMs = candidate.sessionTimeoutMs;
    this.rebalanceTimeoutMs = candidate.rebalanceTimeoutMs;
    this.protocols = candidate.protocols;
  }

  knows(protocols: readonly Protocol[]): boolean {
    return (
      protocols.length === this.protocols.length &&
      protocols.every((protocol, index) => {
        const own = this.protocols[index]!;
        return own.name === protocol.name && own.metadata.equals(protocol.metadata);
      })
    );
  }

  metadataFor(protocol: string | null): Buffer {
    return this.protocols.find(({ name }) => name === protocol)?.metadata ?? nothing;
  }

  /** The member is alive: its session starts anew. */
  startSession(): void {
    clearTimeout(this.session);
    this.session = setTimeout(() => this.onSilence(this), this.sessionTimeoutMs);
  }

  /** While a member waits for an answer it cannot be expected to send anything. */
  suspendSession(): void {
    clearTimeout(this.session);
  }

  awaitJoin(answer: (answer: JoinAnswer) => void): void {
    this.suspendSession();
    this.join = answer;
  }

  answerJoin(answer: JoinAnswer): void {
    const waiting = this.join;
    this.join = undefined;
    waiting?.(answer);
  }

  awaitSync(answer: (answer: SyncAnswer) => void): void {
    this.suspendSession();
    this.sync = answer;
  }

  answerSync(answer: SyncAnswer): void {
    const waiting = this.sync;
    this.sync = undefined;
    waiting?.(answer);
  }

  toRecord(): MemberRecord {
    return {
      id: this.id,
      instanceId: this.instanceId,
      clientId: this.clientId,
      clientHost: this.clientHost,
      sessionTimeoutMs: this.sessionTimeoutMs,
      rebalanceTimeoutMs: this.rebalanceTimeoutMs,
      protocols: this.protocols.map(({ name, metadata }) => [name, metadata.toString('base64')]),
      assignment: this.assignment.toString('base64'),
    };
  }
}
