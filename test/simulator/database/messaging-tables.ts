import type { Candidate, OutgoingMessage, Unfinished } from '@orderbridge/messaging';
import { Table } from './table.js';

export interface StartRow extends Unfinished {
  readonly origin: string;
}

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
