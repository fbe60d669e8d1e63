const FIRST_BYTES = 1_024;

/** What a tally holds, in a form that can be sent to another process. */
export interface Count {
  readonly taken: number;
  readonly doubled: number;
  readonly streams: readonly (readonly [stream: number, bits: Uint8Array])[];
}

/** Which messages were taken: one bit for each number of each stream. */
export class Tally {
  #taken = 0;
  #doubled = 0;
  readonly #streams = new Map<number, Uint8Array>();

  get count(): Count {
    return { taken: this.#taken, doubled: this.#doubled, streams: [...this.#streams] };
  }

  add(stream: number, number: number): void {
    const bits = this.#bits(stream, number >> 3);
    const [byte, bit] = [number >> 3, 1 << (number & 7)];
    this.#taken++;
    if (((bits[byte] as number) & bit) !== 0) this.#doubled++;
    (bits[byte] as number) |= bit;
  }

  /** Adds what another tally holds. */
  merge({ taken, doubled, streams }: Count): void {
    this.#taken += taken;
    this.#doubled += doubled;
    for (const [stream, others] of streams) {
      const bits = this.#bits(stream, others.length - 1);
      for (const [byte, other] of others.entries()) {
        const both = (bits[byte] as number) & other;
        this.#doubled += ones(both);
        (bits[byte] as number) |= other;
      }
    }
  }

  /**
   * @param sent how many messages were sent in each stream
   * @throws Error unless each of them was taken exactly once, and nothing else
   */
  verify(sent: ReadonlyMap<number, number>): void {
    const expected = [...sent.values()].reduce((sum, messages) => sum + messages, 0);
    let missing = 0;
    for (const [stream, messages] of sent) {
      const bits = this.#bits(stream, messages >> 3);
      for (let number = 0; number < messages; number++)
        if (((bits[number >> 3] as number) & (1 << (number & 7))) === 0) missing++;
    }
    if (missing > 0 || this.#doubled > 0 || this.#taken !== expected)
      throw new Error(
        `Of ${expected} messages ${missing} were lost; ${this.#taken} came, ${this.#doubled} of them a second time.`,
      );
  }

  /** The bits of a stream, with room for a byte. */
  #bits(stream: number, byte: number): Uint8Array {
    let bits = this.#streams.get(stream) ?? new Uint8Array(FIRST_BYTES);
    if (byte >= bits.length) {
      const larger = new Uint8Array(Math.max(byte + 1, 2 * bits.length));
      larger.set(bits);
      bits = larger;
    }
    this.#streams.set(stream, bits);
    return bits;
  }
}

function ones(byte: number): number {
  let count = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
}
