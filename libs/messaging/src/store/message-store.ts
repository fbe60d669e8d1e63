import type { Broker } from '@orderbridge/contracts';
import type { EntityManager } from 'typeorm';
import type { OutboxRow } from '../outbox/outbox.js';
import type { OutgoingMessage } from '../outbox/outgoing-message.js';

/** A process that would publish the outbox of its service. */
export interface Candidate {
  /** Called when the process leads, with a signal that is aborted when it no longer does; its end is awaited. */
  lead(signal: AbortSignal): Promise<void>;
  /** Called when another process of the service has appended to the outbox. */
  notified(): void;
  failed(error: Error, failures: number): void;
}

/** A process's standing for the lead. */
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
  /** Lets a process stand for the lead of its service: one leads at a time, but for moments. */
  stand(candidate: Candidate): Candidacy;
  /** Tells the leader, in whatever process it is, that there is something new in the outbox. */
  notifyLeader(): Promise<void>;
}
