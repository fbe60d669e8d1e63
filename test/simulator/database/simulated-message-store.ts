import type { Broker } from '@orderbridge/contracts';
import type { Candidacy, Candidate, MessageStore, OutboxRow, OutgoingMessage } from '@orderbridge/messaging';
import type { EntityManager } from 'typeorm';
import type { Session } from './database.js';
import type { StartRow } from './simulated-starts.js';
import { Table } from './table.js';

interface StoredMessage extends OutgoingMessage {
  readonly id: number;
  readonly parked: boolean;
}

/** Inbox, outbox and the relay's lead in a service's database. */
export class MessagingTables {
  readonly inbox = new Table<object>('inbox');
  readonly outbox = new Table<StoredMessage>('outbox');
  readonly starts = new Table<StartRow>('delivery_start');
  /** Ids of the messages that transactions have committed to the outbox. */
  readonly produced = new Set<string>();
  lastId = 0;
  leader: Candidate | undefined;
  /** Those who would lead, with what tells them that they do. */
  readonly candidates = new Map<Candidate, () => void>();
  /** Tells the leader that it no longer leads. */
  lose: (() => void) | undefined;

  /** Makes a candidate the leader where there is none. */
  elect(): void {
    if (this.leader) return;
    const [next] = this.candidates;
    if (!next) return;
    const [candidate, lead] = next;
    this.candidates.delete(candidate);
    this.leader = candidate;
    lead();
  }

  /** The connection that holds the lead breaks: another process may lead before the old leader knows. */
  breakLead(): void {
    if (!this.leader) return;
    this.lose?.();
    this.lose = undefined;
    this.leader = undefined;
    this.elect();
  }

  isClaimed(consumer: string, messageId: string): boolean {
    return this.inbox.rows.has(inboxKey(consumer, messageId));
  }
}

export const inboxKey = (consumer: string, messageId: string): string => `${consumer} ${messageId}`;

/** The message store of one process; `tables` are shared by all processes of the service. */
export class SimulatedMessageStore implements MessageStore {
  constructor(
    private readonly session: Session,
    private readonly tables: MessagingTables,
  ) {}

  transaction<Result>(work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    return this.session.transaction(work);
  }

  async claim(manager: EntityManager, consumer: string, messageIds: readonly string[]): Promise<Set<string>> {
    const transaction = await this.session.statement(manager, 'claims in the inbox');
    const fresh = new Set<string>();
    for (const id of messageIds.toSorted()) {
      if (await transaction.insertIfAbsent(this.tables.inbox, inboxKey(consumer, id), {})) fresh.add(id);
    }
    return fresh;
  }

  async append(manager: EntityManager, messages: readonly OutgoingMessage[]): Promise<void> {
    if (messages.length === 0) return;
    const transaction = await this.session.statement(manager, 'appends to the outbox');
    for (const message of messages) {
      const id = ++this.tables.lastId;
      await transaction.insert(this.tables.outbox, `${id}`, { ...message, id, parked: false });
    }
    transaction.atCommit(() => {
      for (const { messageId } of messages) this.tables.produced.add(messageId);
    });
  }

  take(broker: Broker, published: readonly string[], limit: number): Promise<OutboxRow[]> {
    return this.session.autocommit(`takes from the outbox for ${broker}`, (transaction) => {
      for (const id of published) transaction.delete(this.tables.outbox, id);
      return [...transaction.all(this.tables.outbox).values()]
        .filter(({ destination, parked }) => destination.broker === broker && !parked)
        .toSorted((a, b) => a.id - b.id)
        .slice(0, limit)
        .map(({ parked: _parked, ...row }) => ({ ...row, id: `${row.id}` }));
    });
  }

  park(_broker: Broker, id: string): Promise<void> {
    return this.session.autocommit('parks in the outbox', async (transaction) => {
      await transaction.lock(this.tables.outbox, id);
      const row = transaction.get(this.tables.outbox, id);
      if (row) transaction.put(this.tables.outbox, id, { ...row, parked: true });
    });
  }

  stand(candidate: Candidate): Candidacy {
    return {
      start: () => {
        this.session.process.atCrash(() => {
          this.tables.candidates.delete(candidate);
          if (this.tables.leader === candidate) this.tables.leader = undefined;
          this.tables.elect();
        });
        this.#stand(candidate);
      },
      stop: () => Promise.reject(new Error('A simulated process does not stop, it crashes.')),
    };
  }

  notifyLeader(): Promise<void> {
    return this.session.autocommit('NOTIFY', () => this.tables.leader?.notified());
  }

  #stand(candidate: Candidate): void {
    const { process } = this.session;
    this.tables.candidates.set(candidate, () => {
      const lost = new AbortController();
      this.tables.lose = () => void process.step('loses the lead').then(() => lost.abort());
      void process
        .step('leads')
        .then(() => candidate.lead(lost.signal))
        .then(() => this.#stand(candidate));
    });
    this.tables.elect();
  }
}
