interface Entry {
  readonly step: number;
  readonly time: number;
  readonly who: string;
  readonly what: string;
}

/** What happened in a run, in order. Ids are replaced by names in the order of their appearance. */
export class Trace {
  readonly #entries: Entry[] = [];
  readonly #start: number;

  constructor(private readonly scheduler: { readonly now: number; readonly steps: number }) {
    this.#start = Date.UTC(2030, 0, 1);
  }

  add(who: string | undefined, what: string): void {
    this.#entries.push({
      step: this.scheduler.steps,
      time: this.scheduler.now - this.#start,
      who: who ?? 'world',
      what,
    });
  }

  /** The last lines; all of them when no number is given. */
  lines(last = Infinity): string[] {
    return this.#entries
      .slice(-last)
      .map(
        ({ step, time, who, what }) =>
          `${`${step}`.padStart(6)} ${(time / 1_000).toFixed(3).padStart(10)} s  ${who.padEnd(14)} ${what}`,
      );
  }
}
