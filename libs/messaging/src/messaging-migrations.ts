import { MessagingTables1700000000000 } from './messaging-tables.migration.js';
import { ParkedMessages1700000000011 } from './outbox/parked-messages.migration.js';
import { Pruning1700000000012 } from './pruning/pruning.migration.js';
import { DeliveryStarts1700000000010 } from './starts/delivery-starts.migration.js';

/** What messaging needs of a service's database, besides the service's own tables. */
export const MESSAGING_MIGRATIONS = [
  MessagingTables1700000000000,
  DeliveryStarts1700000000010,
  ParkedMessages1700000000011,
  Pruning1700000000012,
] as const;
