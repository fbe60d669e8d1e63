import type { Broker } from '@orderbridge/contracts';
import type { Candidacy, Candidate, MessageStore, OutboxRow, OutgoingMessage } from '@orderbridge/messaging';
import type { EntityManager } from 'typeorm';
import type { Session } from './database.js';
import { inboxKey, type MessagingTables } from './messaging-tables.js';

/** Milliseconds for which a process that gave the lead up does not stand. */
const STEP_BACK = 5_000;

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

  take(
    broker: Broker,
    published: readonly string[],
    limit: number,
    held: readonly string[] = [],
  ): Promise<OutboxRow[]> {
    return this.session.autocommit(`takes from the outbox for ${broker}`, (transaction) => {
      for (const id of published) transaction.delete(this.tables.outbox, id);
      return [...transaction.all(this.tables.outbox).values()]
        .filter(({ destination, parked }) => destination.broker === broker && !parked)
        .filter(({ destination }) => !held.includes(destination.name))
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

  stand(broker: Broker, candidate: Candidate): Candidacy {
    return {
      start: () => {
        this.session.process.atCrash(() => this.tables.leadOf(broker).withdraw(candidate));
        this.#stand(broker, candidate);
      },
      stop: () => Promise.reject(new Error('A simulated process does not stop, it crashes.')),
    };
  }

  notifyLeaders(): Promise<void> {
    return this.session.autocommit('NOTIFY', () => {
      for (const { leader } of this.tables.leads) leader?.notified();
    });
  }

  #stand(broker: Broker, candidate: Candidate): void {
    const { process } = this.session;
    const lane = this.tables.leadOf(broker);
    lane.stand(candidate, (lost) => {
      const over = new AbortController();
      let gaveUp = false;
      lost(() => void process.step('loses the lead').then(() => over.abort()));
      const giveUp = (): void => {
        gaveUp ||= lane.giveUp(candidate);
        if (gaveUp) over.abort();
      };
      void process
        .step(`leads the lane of ${broker}`)
        .then(() => candidate.lead({ signal: over.signal, giveUp }))
        .then(() => (gaveUp ? process.clock.sleep(STEP_BACK) : undefined))
        .then(() => this.#stand(broker, candidate));
    });
  }
}
