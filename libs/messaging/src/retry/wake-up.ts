/** Lets one loop sleep until there is something to do. Calls while it is awake are remembered once. */
export class WakeUp {
  #pending = false;
  #wake: (() => void) | undefined;

  call(): void {
    this.#pending = true;
    this.#wake?.();
  }

  /** Resolves at the next call, at once if there was one since the last wait, or after the given milliseconds. */
  async wait(milliseconds: number): Promise<void> {
    if (!this.#pending) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    this.#pending = false;
  }
}
