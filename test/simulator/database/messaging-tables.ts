import type { Broker } from '@orderbridge/contracts';
import type { OutgoingMessage, Unfinished } from '@orderbridge/messaging';
import { SimulatedLead } from './simulated-lead.js';
import { Table } from './table.js';

export interface StartRow extends Unfinished {
  readonly origin: string;
}

interface StoredMessage extends OutgoingMessage {
  readonly id: number;
  readonly parked: boolean;
}

/** Inbox, outbox and the leads of the relay's lanes in a service's database. */
export class MessagingTables {
  readonly inbox = new Table<object>('inbox');
  readonly outbox = new Table<StoredMessage>('outbox');
  readonly starts = new Table<StartRow>('delivery_start');
  /** Ids of the messages that transactions have committed to the outbox. */
  readonly produced = new Set<string>();
  lastId = 0;
  readonly #leads = new Map<Broker, SimulatedLead>();

  /** Who leads the lane of a broker. */
  leadOf(broker: Broker): SimulatedLead {
    let lead = this.#leads.get(broker);
    if (!lead) this.#leads.set(broker, (lead = new SimulatedLead()));
    return lead;
  }

  get leads(): readonly SimulatedLead[] {
    return [...this.#leads.values()];
  }

  isClaimed(consumer: string, messageId: string): boolean {
    return this.inbox.rows.has(inboxKey(consumer, messageId));
  }
}

export const inboxKey = (consumer: string, messageId: string): string => `${consumer} ${messageId}`;
