import type { IncomingMessage } from 'node:http';
import { inSpan, ORDER_ID, type TraceContext } from '@orderbridge/tracing';
import type { ISoapServiceMethod } from 'soap';

/**
 * An operation of the SOAP service in a span that is a child of the caller's. SOAP does not go through Nest, whose requests
 * have spans already.
 */
export function inOperationSpan<Request>(
  operation: string,
  perform: (request: Request) => Promise<object>,
): ISoapServiceMethod {
  return (request: Request & { orderId?: unknown }, _callback, _headers, http?: IncomingMessage) => {
    const orderId = typeof request.orderId === 'string' ? { [ORDER_ID]: request.orderId } : {};
    const rpc = { 'rpc.system': 'soap', 'rpc.service': 'CarrierService', 'rpc.method': operation };
    return inSpan(
      (http?.headers ?? {}) as TraceContext,
      { name: `CarrierService/${operation}`, kind: 'server', attributes: { ...rpc, ...orderId } },
      () => perform(request),
    );
  };
}
