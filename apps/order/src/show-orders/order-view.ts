import { toMajorUnits } from '@orderbridge/contracts';
import { z } from 'zod';
import type { OrderEntity } from '../storage/order.entity.js';
import type { TimelineEntryEntity } from '../storage/timeline-entry.entity.js';

/** An order as the API shows it. Amounts are in major units. */
export const orderView = z
  .object({
    orderId: z.string(),
    userId: z.string(),
    status: z.string(),
    reason: z.string().optional().describe('Why the order ended without being shipped'),
    currency: z.string(),
    totalAmount: z.number(),
    items: z.record(z.string(), z.number()),
    lines: z.array(
      z.object({ productId: z.string(), name: z.string(), quantity: z.number(), unitPrice: z.number() }),
    ),
    shipTo: z.object({
      name: z.string(),
      street: z.string(),
      postalCode: z.string(),
      city: z.string(),
      country: z.string(),
    }),
    invoiceNumber: z.string().optional(),
    carrier: z.string().optional(),
    trackingNumber: z.string().optional(),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Order' });
export type OrderView = z.infer<typeof orderView>;

export const timelineView = z
  .object({
    orderId: z.string(),
    status: z.string(),
    entries: z.array(
      z.object({
        position: z.number(),
        cause: z.string().describe('Type of the message that made the change'),
        status: z.string().describe('Status after it'),
        messageId: z.string(),
        source: z.string(),
        occurredAt: z.string().describe('When it happened, where it happened'),
        recordedAt: z.string().describe('When the order heard of it'),
        detail: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'Timeline' });
export type TimelineView = z.infer<typeof timelineView>;

export const orderPage = z
  .object({
    orders: z.array(orderView),
    nextCursor: z.string().optional().describe('Give it as cursor to get the next page; absent on the last'),
  })
  .meta({ id: 'OrderPage' });
export type OrderPage = z.infer<typeof orderPage>;

type Shown = Omit<OrderEntity, 'paymentToken' | 'version' | 'awaiting'>;

export function viewOf(order: Shown): OrderView {
  return {
    orderId: order.id,
    userId: order.userId,
    status: order.status,
    ...(order.reason && { reason: order.reason }),
    currency: order.currency,
    totalAmount: toMajorUnits(order.total),
    items: Object.fromEntries(order.lines.map(({ productId, quantity }) => [productId, quantity])),
    lines: order.lines.map((line) => ({ ...line, unitPrice: toMajorUnits(line.unitPrice) })),
    shipTo: order.shipTo,
    ...(order.invoiceNumber && { invoiceNumber: order.invoiceNumber }),
    ...(order.carrier && { carrier: order.carrier }),
    ...(order.trackingNumber && { trackingNumber: order.trackingNumber }),
    createdAt: order.createdAt.toISOString(),
    updatedAt: order.updatedAt.toISOString(),
  };
}

export function timelineViewOf(order: OrderEntity, entries: readonly TimelineEntryEntity[]): TimelineView {
  return {
    orderId: order.id,
    status: order.status,
    entries: entries.map(
      ({ position, cause, status, messageId, source, occurredAt, recordedAt, detail }) => ({
        position,
        cause,
        status,
        messageId,
        source,
        occurredAt: occurredAt.toISOString(),
        recordedAt: recordedAt.toISOString(),
        ...(detail && { detail }),
      }),
    ),
  };
}
