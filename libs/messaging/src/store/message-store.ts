import type { Broker } from '@orderbridge/contracts';
import type { EntityManager } from 'typeorm';
import type { OutboxRow } from '../outbox/outbox.js';
import type { OutgoingMessage } from '../outbox/outgoing-message.js';

/** The lead of a lane, for as long as a process has it. */
export interface Lead {
  /** Aborted when the process no longer leads. */
  readonly signal: AbortSignal;
  /**
   * Lets another process lead that stands for the same lane; this one steps back for a while, so that it does not win at
   * once again. Where no other stands, it keeps the lead.
   */
  readonly giveUp: () => void;
}

/** A process that would publish what the outbox of its service has for one broker. */
export interface Candidate {
  /** Called when the process leads; its end is awaited before it stands again. */
  lead(lead: Lead): Promise<void>;
  /** Called when another process of the service has appended to the outbox. */
  notified(): void;
  failed(error: Error, failures: number): void;
}

/** A process's standing for the lead of a lane. */
export interface Candidacy {
  start(): void;
  /** Resolves when `lead` has ended and the lead is given up. */
  stop(): Promise<void>;
}

/** What inbox, outbox and relay need of a service's database. */
export interface MessageStore {
  /**
   * Runs `work` in a transaction and commits it. The manager stands for the transaction and ends with it.
   *
   * @throws whatever `work` or the database throws; then nothing has happened.
   */
  transaction<Result>(work: (manager: EntityManager) => Promise<Result>): Promise<Result>;
  /** See `claimInInbox`. */
  claim(manager: EntityManager, consumer: string, messageIds: readonly string[]): Promise<Set<string>>;
  /** See `appendToOutbox`. */
  append(manager: EntityManager, messages: readonly OutgoingMessage[]): Promise<void>;
  /** See `takeFromOutbox`. */
  take(
    broker: Broker,
    published: readonly string[],
    limit: number,
    held?: readonly string[],
  ): Promise<OutboxRow[]>;
  /** See `parkInOutbox`. */
  park(broker: Broker, id: string, reason: string): Promise<void>;
  /** Lets a process stand for the lead of a broker's lane: one process of the service leads at a time, but for moments. */
  stand(broker: Broker, candidate: Candidate): Candidacy;
  /** Notifies the leaders of all lanes, in whatever processes they are, that there is something new in the outbox. */
  notifyLeaders(): Promise<void>;
}
