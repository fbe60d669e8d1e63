import type { Clock } from '../time/clock.js';

/** Watches that something succeeds within a time, however often it fails meanwhile, and also when it never answers. */
export class Patience {
  #cancel: (() => void) | undefined;

  /** `lost` is called when it has not succeeded for `patienceMs`, and again each time it has not for as long again. */
  constructor(
    private readonly clock: Clock,
    private readonly patienceMs: number,
    private readonly lost: () => void,
  ) {}

  /** Says that it is tried. */
  tries(): void {
    this.#cancel ??= this.clock.after(this.patienceMs, () => {
      this.#cancel = undefined;
      this.lost();
      this.tries();
    });
  }

  /** Says that it has succeeded, or is not tried any longer. */
  ends(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
