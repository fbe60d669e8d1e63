import type { z } from 'zod';
import type { Destination } from './destination.js';

/**
 * What producer and consumer of an event agree on: its type, the schema of its data, where it goes and
 * by what key it is ordered.
 */
export interface EventContract<Data = unknown> {
  readonly type: string;
  /** Raised for a change that old consumers could not read; both versions are then published for a while. */
  readonly version: number;
  readonly schema: z.ZodType<Data>;
  readonly destinations: readonly Destination[];
  /** Messages with the same key stay in order at each destination. */
  key(data: Data): string;
}

/** The type of a contract's data. */
export type DataOf<Contract> = Contract extends EventContract<infer Data> ? Data : never;

export function defineEvent<Data extends { orderId: string }>(
  contract: Omit<EventContract<Data>, 'key'>,
): EventContract<Data> {
  return { ...contract, key: (data) => data.orderId };
}

/** The CloudEvents `dataschema` of a contract. */
export const schemaName = (contract: Pick<EventContract, 'type' | 'version'>): string =>
  `urn:orderbridge:${contract.type}:v${contract.version}`;
