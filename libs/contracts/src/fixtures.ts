import { readFileSync } from 'node:fs';
import { decodeEvent } from './envelope/binary-mode.js';
import type { CloudEvent } from './envelope/cloud-event.js';
import type { EventContract } from './envelope/event-contract.js';

/** A golden message: what a producer must be able to send and a consumer to read, to the letter. */
export interface Fixture {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: unknown;
}

/** The golden message of a contract, from `fixtures/<type>.json`. For tests. */
export function fixtureOf(contract: Pick<EventContract, 'type'>): Fixture {
  return JSON.parse(
    readFileSync(new URL(`../fixtures/${contract.type}.json`, import.meta.url), 'utf8'),
  ) as Fixture;
}

/** The golden message of a contract, decoded. */
export function fixtureEvent<Data>(contract: EventContract<Data>): CloudEvent<Data> {
  const { headers, data } = fixtureOf(contract);
  return decodeEvent(contract, headers, JSON.stringify(data));
}
