import type { RunningStack } from './running-stack.js';

/** Statuses in which nothing more happens to an order, but that one that is SHIPPED is DELIVERED some time. */
export const FINAL_STATUSES = ['SHIPPED', 'DELIVERED', 'REJECTED', 'PAYMENT_FAILED', 'REFUNDED', 'CANCELLED'];

interface Charge {
  readonly reference: string;
  readonly status: 'succeeded' | 'declined';
  readonly amount: number;
}

interface Refund {
  readonly reference: string;
  readonly amount: number;
}

interface Shipment {
  readonly orderId: string;
  readonly status: string;
  /** As the carrier has read it. */
  readonly recipient: Readonly<Record<string, string>>;
}

/** The partners' own books: what was really charged, refunded and booked. */
export async function partnersBooks(
  stack: RunningStack,
): Promise<{ charges: Charge[]; refunds: Refund[]; shipments: Shipment[] }> {
  return {
    charges: await pages<Charge>(stack, 'payment-gateway-mock', '/v1/charges', 'charges'),
    refunds: await pages<Refund>(stack, 'payment-gateway-mock', '/v1/refunds', 'refunds'),
    shipments: await pages<Shipment>(stack, 'carrier-mock', '/shipments', 'shipments'),
  };
}

async function pages<Item>(
  stack: RunningStack,
  service: 'payment-gateway-mock' | 'carrier-mock',
  path: string,
  field: string,
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const after = cursor === undefined ? '' : `&after=${encodeURIComponent(cursor)}`;
    const { body } = await stack.get(service, `${path}?limit=1000${after}`);
    items.push(...(body[field] as Item[]));
    cursor = body.nextCursor as string | undefined;
  } while (cursor);
  return items;
}
