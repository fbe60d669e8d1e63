import type { Cause } from '@orderbridge/contracts';
import { failSpan, headersOf, inSpan, ORDER_ID } from '@orderbridge/tracing';

/** What a work item's span tells of it. */
export interface TracedItem {
  readonly orderId: string;
  readonly attempts: number;
  /** What made the call necessary, as it was stored with the item. */
  readonly cause: Cause;
}

/** How a call is called in traces, after OpenTelemetry's semantic conventions. */
export interface PartnerCall {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number>>;
}

/**
 * Calls a partner for a work item, in a span that continues the trace with which the item was stored.
 *
 * @param call gets the headers by which the partner continues the trace, and says with which HTTP status it answered.
 * @throws what `call` throws.
 */
export function callPartner<Result>(
  { orderId, attempts, cause }: TracedItem,
  { name, attributes }: PartnerCall,
  call: (headers: Record<string, string>, answered: (status: number) => void) => Promise<Result>,
): Promise<Result> {
  const about = { [ORDER_ID]: orderId, 'orderbridge.attempt': attempts };
  return inSpan(cause, { name, kind: 'client', attributes: { ...attributes, ...about } }, (context, span) =>
    call(headersOf(context), (status) => {
      span.setAttribute('http.response.status_code', status);
      if (status >= 400) failSpan(span, `${status}`);
    }),
  );
}

/** A partner's address, as attributes. */
export function addressOf(url: string): PartnerCall['attributes'] {
  const { hostname, port, protocol } = new URL(url);
  return {
    'server.address': hostname,
    'server.port': Number(port || (protocol === 'https:' ? 443 : 80)),
  };
}
