import { isConnectionLost, usualCause } from './mqi/reason-codes.js';

export interface IbmMqFailure {
  /** The MQI verb, for example `MQOPEN`. */
  readonly verb: string;
  /** The queue or queue manager that the verb was for. */
  readonly object: string;
  readonly reason: number;
  /** The name of the reason code, for example `MQRC_UNKNOWN_OBJECT_NAME`. */
  readonly symbol: string;
  /** Whether the verb was an MQCMIT whose outcome is unknown: it may have been committed or backed out. */
  readonly inDoubt?: boolean;
}

/** An MQI verb that did not succeed. */
export class IbmMqError extends Error {
  override readonly name = 'IbmMqError';
  readonly verb: string;
  readonly object: string;
  readonly reason: number;
  readonly symbol: string;
  readonly inDoubt: boolean;

  constructor({ verb, object, reason, symbol, inDoubt = false }: IbmMqFailure) {
    const cause = usualCause(reason);
    const outcome = inDoubt ? '; whether it was committed is unknown' : '';
    super(`${verb} ${object} failed: ${symbol} (${reason})${cause ? `, ${cause}` : ''}${outcome}`);
    this.verb = verb;
    this.object = object;
    this.reason = reason;
    this.symbol = symbol;
    this.inDoubt = inDoubt;
  }

  /** Whether the connection is gone, so that the same may succeed on a new one. */
  get connectionLost(): boolean {
    return isConnectionLost(this.reason);
  }
}

/** A message with a header, an identifier or a value that MQ cannot hold. */
export class InvalidMessageError extends TypeError {}

/** IBM's client library or the package `ibmmq` cannot be loaded: nothing that waiting would cure. */
export class IbmMqLibraryError extends Error {
  override readonly name = 'IbmMqLibraryError';
}

/** There was no connection to a queue manager in the time allowed. */
export class IbmMqUnavailableError extends Error {
  override readonly name = 'IbmMqUnavailableError';
}
