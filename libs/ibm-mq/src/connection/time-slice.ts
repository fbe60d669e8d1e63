/** Milliseconds for which verbs in a row may hold the event loop before everything else gets a turn. */
const LENGTH = 3;

/** Those who wait for their next slice: one of them gets it in each turn of the event loop. */
const waiting: (() => void)[] = [];

function turn(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(turn);
}

/** Cuts a row of blocking verbs into slices, between which the event loop turns. */
export class TimeSlice {
  #started = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#started >= LENGTH;
  }

  /** Lets the event loop turn, and others have their slices, and begins the next one. */
  async next(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (waiting.push(resolve) === 1) setImmediate(turn);
    });
    this.#started = performance.now();
  }
}
