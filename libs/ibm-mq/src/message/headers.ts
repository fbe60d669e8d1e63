/**
 * The value of a header, which is an MQ message property: text, number, boolean, bytes or null. Whole numbers of 32
 * bits travel as MQTYPE_INT32, longer ones and bigints as MQTYPE_INT64, others as MQTYPE_FLOAT64.
 */
export type HeaderValue = string | number | bigint | boolean | Buffer | null;

/** Headers by name; any name is allowed (see property-names). */
export type Headers = Record<string, HeaderValue>;

/** Headers to send; those whose value is `undefined` are left out. */
export type OutgoingHeaders = Readonly<Record<string, HeaderValue | undefined>>;
