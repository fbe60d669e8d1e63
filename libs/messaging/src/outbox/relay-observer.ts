import type { Broker } from '@orderbridge/contracts';
import type { OutboxRow } from './outbox.js';
import type { OutgoingMessage } from './outgoing-message.js';

/** What a relay tells of its work, for logs and metrics. */
export interface RelayObserver {
  /** This process has won or lost the lead of a broker's lane. */
  leading(broker: Broker, leading: boolean): void;
  published(broker: Broker, messages: readonly OutgoingMessage[]): void;
  retrying(broker: Broker | 'postgres', error: Error, failures: number): void;
  parked(row: OutboxRow, error: Error): void;
}
