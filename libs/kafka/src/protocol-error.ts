import kafkajs from 'kafkajs';

/** The name of the error code by which a broker refused a request; undefined when an error has another reason. */
export function protocolErrorTypeOf(error: unknown): string | undefined {
  if (error instanceof kafkajs.KafkaJSProtocolError) return error.type;
  const { cause } = (error ?? {}) as { cause?: unknown };
  return cause === undefined || cause === error ? undefined : protocolErrorTypeOf(cause);
}
