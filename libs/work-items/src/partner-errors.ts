/** The longest pause, in milliseconds, that a partner's `Retry-After` may ask for. */
export const MAX_RETRY_AFTER_MS = 300_000;

export interface PartnerUnavailableOptions extends ErrorOptions {
  /** What the partner asks for by `Retry-After`; bounded. Default: none. */
  readonly retryAfterMs?: number | undefined;
  /**
   * Whether this one item may be what fails, as it may when the partner answers 500 or not in time. False when no
   * connection could be made. Default true.
   */
  readonly mayBeItem?: boolean;
}

/**
 * The partner did not do what was asked, or it is unknown whether it did. A `PartnerOperation` judges whether that is the
 * partner's trouble or the item's.
 */
export class PartnerUnavailableError extends Error {
  override readonly name: string = 'PartnerUnavailableError';
  readonly retryAfterMs: number | undefined;
  readonly mayBeItem: boolean;

  constructor(
    message: string,
    { retryAfterMs, mayBeItem = true, ...options }: PartnerUnavailableOptions = {},
  ) {
    super(message, options);
    this.retryAfterMs = retryAfterMs === undefined ? undefined : boundRetryAfter(retryAfterMs);
    this.mayBeItem = mayBeItem;
  }
}

/** No call was made: the circuit of its operation is open. */
export class CircuitOpenError extends PartnerUnavailableError {
  override readonly name = 'CircuitOpenError';

  constructor(operation: string) {
    super(`The circuit of ${operation} is open.`, { mayBeItem: false });
  }
}

/**
 * The item fails by itself: a malformed request, an answer that cannot be used or stored, or a failure that it alone meets.
 * Never counts for a circuit breaker; after a bounded number of them the item is parked.
 */
export class ItemFailedError extends Error {
  override readonly name: string = 'ItemFailedError';
}

/**
 * Milliseconds that a `Retry-After` asks for, bounded: seconds, or an HTTP date by this machine's clock. Undefined when it
 * is neither.
 */
export function parseRetryAfter(value: unknown, now = Date.now()): number | undefined {
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (/^\d{1,10}$/.test(text)) return boundRetryAfter(Number(text) * 1_000);
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  // Of the three forms of RFC 9110, section 5.6.7, asctime's has no zone: it is GMT, too.
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(at) ? undefined : boundRetryAfter(at - now);
}

const boundRetryAfter = (milliseconds: number): number =>
  Math.min(Math.max(0, milliseconds), MAX_RETRY_AFTER_MS);
