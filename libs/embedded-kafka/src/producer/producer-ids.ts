import type { DurableState, Storage } from '../storage/storage.js';

const blockSize = 1000;

interface Reservation {
  /** All ids below this may have been given out. */
  readonly end: number;
}

/** Gives out producer ids, each once, also across restarts: blocks of them are reserved before they are used. */
export class ProducerIds implements DurableState<Reservation, Reservation> {
  readonly name = 'producer-ids';
  private reservedEnd = 0;
  private next = 0;
  private blockEnd = 0;
  private reserving: Promise<void> | undefined;

  constructor(private readonly storage: Storage) {
    storage.register(this);
  }

  /** @throws StorageError */
  async allocate(): Promise<number> {
    while (this.next >= this.blockEnd) {
      this.reserving ??= this.reserveBlock().finally(() => {
        this.reserving = undefined;
      });
      await this.reserving;
    }
    return this.next++;
  }

  apply(reservation: Reservation): void {
    this.reservedEnd = Math.max(this.reservedEnd, reservation.end);
  }

  snapshot(): Reservation {
    return { end: this.reservedEnd };
  }

  restore(reservation: Reservation): void {
    this.reservedEnd = reservation.end;
  }

  private async reserveBlock(): Promise<void> {
    const start = this.reservedEnd;
    const end = start + blockSize;
    await this.storage.commit(this, { end });
    this.next = start;
    this.blockEnd = end;
  }
}
