import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds for which verbs in a row may hold the event loop before everything else gets a turn. */
const LENGTH = 3;

/** Cuts a row of blocking verbs into slices, between which the event loop turns. */
export class TimeSlice {
  #started = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#started >= LENGTH;
  }

  /** Lets the event loop turn and begins the next slice. */
  async next(): Promise<void> {
    await nextTurn();
    this.#started = performance.now();
  }
}
