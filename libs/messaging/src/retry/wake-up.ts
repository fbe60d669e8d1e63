import { SYSTEM_CLOCK, type Clock } from '../time/clock.js';

/** Lets one loop sleep until there is something to do. Calls while it is awake are remembered once. */
export class WakeUp {
  #pending = false;
  #wake: (() => void) | undefined;

  constructor(private readonly clock: Clock = SYSTEM_CLOCK) {}

  /** Whether the next wait ends at once. */
  get called(): boolean {
    return this.#pending;
  }

  call(): void {
    this.#pending = true;
    this.#wake?.();
  }

  /** Resolves at the next call, at once if there was one since the last wait, or after the given milliseconds. */
  async wait(milliseconds: number): Promise<void> {
    if (!this.#pending) {
      await new Promise<void>((resolve) => {
        const cancel = this.clock.after(milliseconds, resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
      this.#wake = undefined;
    }
    this.#pending = false;
  }
}
