/**
 * Thrown by a handler for a message that can never be handled: it breaks a rule or contradicts what is
 * known. The message is dead-lettered at once; the error's message is kept with it as the reason.
 */
export class PermanentError extends Error {
  override readonly name: string = 'PermanentError';
}

/** SQLSTATE classes and codes that a later try may not meet again. */
const TRANSIENT_SQL_STATES = [
  /^08/, // connection exception
  /^40/, // transaction rollback: serialization failure, deadlock
  /^53/, // insufficient resources: disk full, too many connections
  /^55P03$/, // lock not available
  /^57P0/, // operator intervention: admin shutdown, crash, cannot connect now
  /^58/, // system error: I/O
  /^25006$/, // read-only transaction, as on a standby during failover
  /^25P03$/, // transaction that idled too long, as after the process was suspended
];

const TRANSIENT_SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** pg's own errors for a lost or exhausted connection carry no code. */
const TRANSIENT_MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Connection is not established|Query read timeout/;

/** Whether a database or network error says that something is away, rather than that the message is wrong. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof PermanentError) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') {
    if (TRANSIENT_SYSTEM_CODES.has(code)) return true;
    if (TRANSIENT_SQL_STATES.some((state) => state.test(code))) return true;
  }
  if (TRANSIENT_MESSAGES.test(error.message)) return true;
  const { cause, driverError } = error as { cause?: unknown; driverError?: unknown };
  return (cause !== error && isTransient(cause)) || (driverError !== error && isTransient(driverError));
}
