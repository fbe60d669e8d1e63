/**
 * Thrown by a handler for a message that can never be handled: it breaks a rule or contradicts what is
 * known. The message is dead-lettered at once; the error's message is kept with it as the reason.
 */
export class PermanentError extends Error {
  override readonly name: string = 'PermanentError';
}

/**
 * The database could not be reached, refused the login, or began no transaction, for whatever reason. Nothing was done,
 * and it says nothing about what was to be done.
 */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** As PostgreSQL gives them; E, as in EPIPE, begins none. */
const SQL_STATE = /^[0-9FHPX][0-9A-Z]{4}$/;

/**
 * SQLSTATE classes that say something about the data or the work itself. Every other answer is the store's: it is down,
 * full, in maintenance or in the middle of a migration, a grant or a failover, and later the same work may succeed.
 */
const ABOUT_THE_WORK = [
  /^2[0127]/, // case not found, cardinality, data exception, triggered data change
  /^23/, // integrity constraint
  /^25P0[12]$/, // a statement outside of its transaction, or after an error that the handler has swallowed
  /^44/, // check option of a view
  /^54/, // program limit: a value too large for an index, a document too deep
  /^P0/, // raised by a trigger or function
];

const NETWORK_CODES = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EPROTO'],
  ...['EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENETRESET', 'EADDRNOTAVAIL'],
  ...['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL'],
  // This machine is out of something.
  ...['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'],
  ...['ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END', 'ERR_SOCKET_CLOSED'],
]);

/** A certificate that is expired, unknown or another's, as Node.js and OpenSSL call it. */
const TLS_CODE =
  /^(ERR_TLS_|ERR_SSL_|ERR_OSSL_|CERT_|CRL_|(DEPTH_ZERO_)?SELF_SIGNED_CERT|UNABLE_TO_|HOSTNAME_MISMATCH$)/;

/**
 * pg's and TypeORM's own errors for a lost or exhausted connection carry no code. TypeORM releases a query runner by itself
 * when its connection ends between two statements, and says of the next one only that it came after that.
 */
const LOST_CONNECTION =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed|Connection is not established|Query read timeout|[Qq]uery runner (was )?already released|after calling end on the pool/;

/**
 * Whether an error says that a database or the network is unavailable, rather than that the message is wrong: the same
 * work is to be tried again, for as long as it takes, and no attempt is counted.
 */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof PermanentError) return false;
  if (error instanceof StoreUnavailableError) return true;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') {
    if (SQL_STATE.test(code)) return !ABOUT_THE_WORK.some((state) => state.test(code));
    if (NETWORK_CODES.has(code) || TLS_CODE.test(code)) return true;
  }
  if (LOST_CONNECTION.test(error.message)) return true;
  const { cause, driverError } = error as { cause?: unknown; driverError?: unknown };
  return (cause !== error && isTransient(cause)) || (driverError !== error && isTransient(driverError));
}
