/** The reason codes that this library acts on; https://www.ibm.com/docs/en/ibm-mq/latest?topic=codes-api-reason. */
export const Reason = {
  NONE: 0,
  BACKED_OUT: 2003,
  CONNECTION_BROKEN: 2009,
  DATA_LENGTH_ERROR: 2010,
  HCONN_ERROR: 2018,
  HOBJ_ERROR: 2019,
  SYNCPOINT_LIMIT_REACHED: 2024,
  MSG_TOO_BIG_FOR_Q: 2030,
  MSG_TOO_BIG_FOR_Q_MGR: 2031,
  NO_MSG_AVAILABLE: 2033,
  NO_MSG_UNDER_CURSOR: 2034,
  NOT_AUTHORIZED: 2035,
  OBJECT_CHANGED: 2041,
  PUT_INHIBITED: 2051,
  Q_DELETED: 2052,
  Q_FULL: 2053,
  Q_SPACE_NOT_AVAILABLE: 2056,
  Q_MGR_NOT_AVAILABLE: 2059,
  STORAGE_NOT_AVAILABLE: 2071,
  TRUNCATED_MSG_FAILED: 2080,
  RESOURCE_PROBLEM: 2102,
  Q_MGR_QUIESCING: 2161,
  Q_MGR_STOPPING: 2162,
  STORAGE_MEDIUM_FULL: 2192,
  UNEXPECTED_ERROR: 2195,
  CONNECTION_QUIESCING: 2202,
  CONNECTION_STOPPING: 2203,
  MSG_TOO_BIG_FOR_CHANNEL: 2218,
  Q_MGR_NOT_ACTIVE: 2223,
  CONNECTION_ERROR: 2273,
  CLIENT_CONN_ERROR: 2278,
  CHANNEL_STOPPED_BY_USER: 2279,
  BACKOUT_THRESHOLD_REACHED: 2362,
  CHANNEL_NOT_AVAILABLE: 2537,
  HOST_NOT_AVAILABLE: 2538,
  CHANNEL_CONFIG_ERROR: 2539,
  RECONNECT_FAILED: 2548,
  CALL_INTERRUPTED: 2549,
} as const;

const CONNECTION_LOST: ReadonlySet<number> = new Set([
  Reason.CONNECTION_BROKEN,
  Reason.HCONN_ERROR,
  Reason.Q_MGR_NOT_AVAILABLE,
  Reason.Q_MGR_QUIESCING,
  Reason.Q_MGR_STOPPING,
  Reason.UNEXPECTED_ERROR,
  Reason.CONNECTION_QUIESCING,
  Reason.CONNECTION_STOPPING,
  Reason.Q_MGR_NOT_ACTIVE,
  Reason.CONNECTION_ERROR,
  Reason.CLIENT_CONN_ERROR,
  Reason.CHANNEL_STOPPED_BY_USER,
  Reason.CHANNEL_NOT_AVAILABLE,
  Reason.HOST_NOT_AVAILABLE,
  Reason.CHANNEL_CONFIG_ERROR,
  Reason.RECONNECT_FAILED,
  Reason.CALL_INTERRUPTED,
]);

/** Whether the reason means that the connection handle is of no more use, so that only a new one helps. */
export function isConnectionLost(reason: number): boolean {
  return CONNECTION_LOST.has(reason);
}

const STALE_HANDLE: ReadonlySet<number> = new Set([
  Reason.HOBJ_ERROR,
  Reason.OBJECT_CHANGED,
  Reason.Q_DELETED,
]);

/** Whether the reason means that the queue was altered or defined anew since it was opened: opening it again helps. */
export function isStaleHandle(reason: number): boolean {
  return STALE_HANDLE.has(reason);
}

const MESSAGE_REFUSED: ReadonlySet<number> = new Set([
  Reason.DATA_LENGTH_ERROR,
  Reason.MSG_TOO_BIG_FOR_Q,
  Reason.MSG_TOO_BIG_FOR_Q_MGR,
  Reason.MSG_TOO_BIG_FOR_CHANNEL,
  2013, // MQRC_EXPIRY_ERROR
  2027, // MQRC_MISSING_REPLY_TO_Q
  2029, // MQRC_MSG_TYPE_ERROR
  2047, // MQRC_PERSISTENCE_ERROR
  2050, // MQRC_PRIORITY_ERROR
  2061, // MQRC_REPORT_OPTIONS_ERROR
  2110, // MQRC_FORMAT_ERROR
  2334, // MQRC_RFH_ERROR
  2442, // MQRC_PROPERTY_NAME_ERROR
  2478, // MQRC_PROPERTIES_TOO_BIG
]);

/** Whether the reason means that a message will never be taken as it is. */
export function isMessageRefused(reason: number): boolean {
  return MESSAGE_REFUSED.has(reason);
}

const UNIT_TOO_LARGE: ReadonlySet<number> = new Set([
  Reason.BACKED_OUT,
  Reason.SYNCPOINT_LIMIT_REACHED,
  Reason.RESOURCE_PROBLEM,
  Reason.STORAGE_MEDIUM_FULL,
]);

/** Whether the reason means that a smaller unit of work may be taken: MAXUMSGS, or a log or a disk that is nearly full. */
export function isUnitTooLarge(reason: number): boolean {
  return UNIT_TOO_LARGE.has(reason);
}

const NOT_TAKEN_NOW: ReadonlySet<number> = new Set([
  Reason.BACKED_OUT,
  Reason.PUT_INHIBITED,
  Reason.Q_FULL,
  Reason.Q_SPACE_NOT_AVAILABLE,
  Reason.STORAGE_NOT_AVAILABLE,
  Reason.RESOURCE_PROBLEM,
  Reason.STORAGE_MEDIUM_FULL,
]);

/** Whether the reason means that the queue manager or a queue takes nothing at present, whatever the message. */
export function isNotTakenNow(reason: number): boolean {
  return NOT_TAKEN_NOW.has(reason) || isConnectionLost(reason);
}

const CAUSES: Readonly<Record<number, string>> = {
  2003: 'the queue manager backed the unit of work out, for example because its log is full',
  2009: 'the queue manager, the channel or the network went away',
  2016: 'getting is inhibited for the queue: ALTER QLOCAL(...) GET(ENABLED)',
  2018: 'the connection was closed or lost before',
  2024: 'the unit of work holds more messages than MAXUMSGS of the queue manager allows',
  2030: 'the message is longer than MAXMSGL of the queue',
  2031: 'the message is longer than MAXMSGL of the queue manager',
  2035: 'the user may not do this: check user and password, CHLAUTH and the authority records (SET AUTHREC)',
  2041: 'the definition of the queue was changed while it was open',
  2042: 'the queue is open elsewhere, exclusively or as NOSHARE',
  2045: 'the object is of a type that cannot be opened like this, for example a remote queue for input',
  2051: 'putting is inhibited for the queue: ALTER QLOCAL(...) PUT(ENABLED)',
  2052: 'the queue was deleted while it was open',
  2053: 'the queue is full: nobody takes its messages, or MAXDEPTH is too small',
  2056: 'the disk of the queue manager is full',
  2058: 'no queue manager of this name at this address',
  2059: 'the queue manager does not run, or does not listen at this address',
  2071: 'the queue manager or this machine is short of memory',
  2080: 'the message is longer than expected',
  2082: 'the alias queue points to a queue that does not exist',
  2085: 'no queue of this name on this queue manager; names are case-sensitive',
  2087: 'no queue manager of this name is known here',
  2102: 'the queue manager or this machine is short of resources',
  2161: 'the queue manager is being ended',
  2162: 'the queue manager is being ended',
  2192: 'the disk or the page set of the queue manager is full',
  2195: 'an internal error: see the error logs (AMQERR01.LOG) of client and queue manager',
  2202: 'the connection or its queue manager is being ended',
  2203: 'the connection or its queue manager is being ended',
  2218: 'the message is longer than MAXMSGL of the channel',
  2278: 'the connection parameters are not valid: check address, channel name and TLS settings',
  2279: 'the channel was stopped by an operator',
  2298: 'this queue manager or client does not support the function',
  2334: 'the MQRFH2 header of the message is not well-formed',
  2362: 'the message was backed out more often than BOTHRESH of its queue allows',
  2381: 'the TLS key repository is not given',
  2393: 'the TLS handshake failed: check key repository, certificates and cipher specification',
  2397: 'the cipher specification is not valid',
  2398: 'the certificate of the queue manager does not match the peer name',
  2442: 'a header name is not allowed as the name of an MQ property',
  2459: 'the selector is not valid SQL 92',
  2500: 'the connection is consuming asynchronously',
  2537: 'the channel is stopped or has reached its limit of instances',
  2538: 'nothing answers at this address: check host, port, listener and firewall',
  2539: 'the channel is configured differently at the two ends, often in its cipher specification',
  2540: 'no channel of this name on the queue manager',
};

/** What usually causes a reason code; undefined when it explains itself by its name. */
export function usualCause(reason: number): string | undefined {
  return CAUSES[reason];
}
