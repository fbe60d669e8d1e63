import { setTimeout as sleep } from 'node:timers/promises';

interface Order {
  readonly orderId: string;
  readonly status: string;
  readonly reason?: string;
  readonly totalAmount: number;
  readonly currency: string;
  readonly trackingNumber?: string;
}

interface Entry {
  readonly position: number;
  readonly cause: string;
  readonly status: string;
  readonly messageId: string;
  readonly source: string;
  readonly detail?: string;
  readonly recordedAt: string;
}

/** Milliseconds between two looks at the timeline. */
const INTERVAL = 50;
/** Milliseconds after which an order that does not end is left to itself. */
const PATIENCE = 120_000;
const FINAL = new Set(['SHIPPED', 'DELIVERED', 'REJECTED', 'PAYMENT_FAILED', 'REFUNDED', 'CANCELLED']);

const DEFAULT_ORDER = {
  userId: '11111111-1111-1111-1111-111111111111',
  items: { 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa': 2, 'bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb': 1 },
};

/**
 * Places an order and says of each step what it was, who took it and how long after the order it was recorded.
 *
 * @throws Error with a line for the user when the order is not accepted or does not end.
 */
export async function followOrder(url: string, changes: object, say: (line: string) => void): Promise<void> {
  const placed = await request<Order>(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...DEFAULT_ORDER, ...changes }),
  });
  say(`Order ${placed.orderId}: ${placed.totalAmount} ${placed.currency}\n`);
  let start: number | undefined;
  let seen = 0;
  for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(INTERVAL)) {
    const { status, entries } = await request<{ status: string; entries: Entry[] }>(
      `${url}/orders/${placed.orderId}/timeline`,
    );
    for (const entry of entries.slice(seen)) {
      start ??= Date.parse(entry.recordedAt);
      say(line(entry, Date.parse(entry.recordedAt) - start));
    }
    seen = entries.length;
    if (FINAL.has(status)) {
      const { reason, trackingNumber } = await request<Order>(`${url}/orders/${placed.orderId}`);
      say(trackingNumber ? `\nShipped as ${trackingNumber}.` : `\n${status}: ${reason}`);
      return;
    }
  }
  throw new Error(
    `The order has not ended after ${PATIENCE / 1_000} s; see ${url}/orders/${placed.orderId}/timeline`,
  );
}

function line({ cause, status, source, detail }: Entry, milliseconds: number): string {
  const service = source.replace('/orderbridge/', '');
  const time = `+${milliseconds} ms`.padStart(10);
  return `${time}  ${status.padEnd(18)} ${cause.padEnd(22)} ${service.padEnd(10)} ${detail ?? ''}`.trimEnd();
}

async function request<Body>(url: string, init?: RequestInit): Promise<Body> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    throw new Error(`Nothing answers at ${url}. Is the system running (npm start)?`, { cause: error });
  }
  const body = (await response.json()) as Body & { detail?: string };
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${body.detail ?? ''}`);
  return body;
}
