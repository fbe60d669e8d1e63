import { IbmMqError } from '../errors.js';
import { isConnectionLost } from './reason-codes.js';
import type { MQError } from './ibmmq.js';

/** Calls verbs on one connection, and notices when it is gone. */
export class VerbCaller {
  readonly #lost = new AbortController();

  /** Aborted, with the error as its reason, when the connection turned out to be gone. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** @throws IbmMqError when the verb does not succeed */
  call<Result>(verb: string, object: string, run: () => Result): Result {
    // The package makes an Error at each call, of which the stack would be the larger part of its cost.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    let failed: unknown;
    try {
      return run();
    } catch (error) {
      failed = error;
    } finally {
      Error.stackTraceLimit = limit;
    }
    throw this.failed(failed, verb, object);
  }

  /** The error for a failed verb; whatever else was thrown stays as it is. */
  failed(error: unknown, verb: string, object: string): Error {
    const translated = translate(error, verb, object);
    if (translated instanceof IbmMqError && translated.connectionLost && !this.lost.aborted) {
      this.#lost.abort(translated);
    }
    return translated;
  }
}

/** An error of the package as one of ours; whatever else was thrown stays as it is. */
export function translate(error: unknown, verb: string, object: string): Error {
  const { mqrc, mqrcstr } = error as Partial<MQError>;
  if (mqrc === undefined) return error as Error;
  const inDoubt = verb === 'MQCMIT' && isConnectionLost(mqrc);
  return new IbmMqError({ verb, object, reason: mqrc, symbol: mqrcstr ?? 'unknown', inDoubt });
}
