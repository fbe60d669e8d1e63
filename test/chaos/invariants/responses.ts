import { isDeepStrictEqual } from 'node:util';
import type { Violation } from './violation.js';

/** I9: the same idempotency key gets the same response. */
export class Responses {
  readonly #first = new Map<string, unknown>();

  /** Takes down what was answered to a key; returns the violation where it was answered otherwise before. */
  add(key: string, response: unknown): Violation | undefined {
    if (!this.#first.has(key)) {
      this.#first.set(key, response);
      return undefined;
    }
    const before = this.#first.get(key);
    if (isDeepStrictEqual(before, response)) return undefined;
    return `I9: key ${key} got ${JSON.stringify(before)}, then ${JSON.stringify(response)}`;
  }
}
