import { randomBytes } from 'node:crypto';
import type { DurableState, Storage } from './storage/storage.js';

/** The cluster id, which a data folder gets when it is first used and keeps. */
export class ClusterIdentity implements DurableState<never, string> {
  readonly name = 'cluster-id';
  /** 16 bytes in base64url, as Kafka makes them. */
  private value = randomBytes(16).toString('base64url');

  constructor(storage: Storage) {
    storage.register(this);
  }

  get id(): string {
    return this.value;
  }

  snapshot(): string {
    return this.value;
  }

  restore(id: string): void {
    this.value = id;
  }

  apply(): void {
    throw new Error('The cluster id does not change.');
  }
}
