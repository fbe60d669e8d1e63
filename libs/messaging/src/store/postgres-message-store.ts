import type { Broker } from '@orderbridge/contracts';
import type { DataSource, EntityManager } from 'typeorm';
import { claimInInbox } from '../inbox/inbox.js';
import { Leadership, OUTBOX_CHANNEL } from '../outbox/leadership.js';
import { appendToOutbox, parkInOutbox, takeFromOutbox, type OutboxRow } from '../outbox/outbox.js';
import type { OutgoingMessage } from '../outbox/outgoing-message.js';
import type { Candidacy, Candidate, MessageStore } from './message-store.js';

/** Inbox and outbox in a service's PostgreSQL. Needs the messaging tables. */
export class PostgresMessageStore implements MessageStore {
  constructor(private readonly dataSource: DataSource) {}

  transaction<Result>(work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return this.dataSource.transaction(work);
  }

  claim(manager: EntityManager, consumer: string, messageIds: readonly string[]): Promise<Set<string>> {
    return claimInInbox(manager, consumer, messageIds);
  }

  append(manager: EntityManager, messages: readonly OutgoingMessage[]): Promise<void> {
    return appendToOutbox(manager, messages);
  }

  take(
    broker: Broker,
    published: readonly string[],
    limit: number,
    held?: readonly string[],
  ): Promise<OutboxRow[]> {
    return takeFromOutbox(this.dataSource.manager, broker, published, limit, held);
  }

  park(broker: Broker, id: string, reason: string): Promise<void> {
    return parkInOutbox(this.dataSource.manager, broker, id, reason);
  }

  stand(broker: Broker, candidate: Candidate): Candidacy {
    return new Leadership(this.dataSource, broker, candidate);
  }

  async notifyLeaders(): Promise<void> {
    await this.dataSource.query(`NOTIFY ${OUTBOX_CHANNEL}`);
  }
}
