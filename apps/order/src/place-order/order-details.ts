import { orderCreated, toMajorUnits, type DataOf } from '@orderbridge/contracts';
import type { OrderEntity } from '../storage/order.entity.js';

/** What the other services are told of an order that was placed. */
export function detailsOf(
  order: Pick<OrderEntity, 'id' | 'userId' | 'total' | 'currency' | 'lines' | 'shipTo' | 'paymentToken'>,
): DataOf<typeof orderCreated> {
  return {
    orderId: order.id,
    userId: order.userId,
    totalAmount: toMajorUnits(order.total),
    currency: order.currency,
    items: Object.fromEntries(order.lines.map(({ productId, quantity }) => [productId, quantity])),
    lines: order.lines.map((line) => ({ ...line, unitPrice: toMajorUnits(line.unitPrice) })),
    shipTo: order.shipTo,
    paymentToken: order.paymentToken,
  };
}
