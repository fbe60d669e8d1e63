import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  causedBy,
  inventoryOutOfStock,
  inventoryReleased,
  inventoryReserved,
  orderCancelled,
  orderDelivered,
  orderFulfilmentFailed,
  orderPaid,
  orderPaymentFailed,
  orderRefunded,
  orderRejected,
  orderReserved,
  orderShipped,
  paymentCancelled,
  paymentFailed,
  paymentPostponed,
  paymentProcessed,
  paymentRefunded,
  shipmentCancelled,
  shipmentCreated,
  shipmentDelivered,
  shipmentFailed,
  shipmentPostponed,
  shipmentVoided,
  type CloudEvent,
  type DataOf,
  type EventContract,
  type OrderStatusChanged,
} from '@orderbridge/contracts';
import { OnEvent, PermanentError, type EventContext } from '@orderbridge/messaging';
import { after, ContradictionError, type FulfilmentEvent, type OrderStatus } from '../domain/fulfilment.js';
import { OrderRepository, type NewTimelineEntry, type OrderProgress } from '../storage/order.repository.js';

/** What is announced when an order comes to a status. */
const ANNOUNCEMENTS: Readonly<
  Record<Exclude<OrderStatus, 'PLACED' | 'CANCELLING'>, EventContract<OrderStatusChanged>>
> = {
  RESERVED: orderReserved,
  PAID: orderPaid,
  SHIPPED: orderShipped,
  DELIVERED: orderDelivered,
  REJECTED: orderRejected,
  PAYMENT_FAILED: orderPaymentFailed,
  FULFILMENT_FAILED: orderFulfilmentFailed,
  REFUNDED: orderRefunded,
  CANCELLED: orderCancelled,
};

type Retry = Pick<
  DataOf<typeof paymentPostponed | typeof shipmentPostponed>,
  'step' | 'attempts' | 'reason' | 'retryAfter'
>;

/** What an event tells of an order, beside the status it leads to. */
interface News {
  readonly reason?: string;
  readonly invoiceNumber?: string;
  readonly carrier?: string;
  readonly trackingNumber?: string;
  readonly detail?: string;
}

const retried = ({ step, attempts, reason, retryAfter }: Retry): News => ({
  detail: `${step}, attempt ${attempts}: ${reason} Asked again after ${retryAfter} s.`,
});

const READERS: Readonly<Record<FulfilmentEvent, (data: never) => News>> = {
  'inventory.reserved': () => ({}),
  'inventory.out-of-stock': ({ lacking }: DataOf<typeof inventoryOutOfStock>) => ({
    reason: `Out of stock: ${lacking
      .map(({ name, requested, available }) => `${name} (${requested} ordered, ${available} available)`)
      .join(', ')}.`,
  }),
  'payment.processed': ({ invoiceNumber, chargeId }: DataOf<typeof paymentProcessed>) => ({
    invoiceNumber,
    detail: `invoice ${invoiceNumber}, charge ${chargeId}`,
  }),
  'inventory.released': () => ({}),
  'payment.cancelled': () => ({ detail: 'nothing was charged' }),
  'shipment.voided': ({ trackingNumber }: DataOf<typeof shipmentVoided>) => ({
    detail: `label ${trackingNumber}`,
  }),
  'shipment.cancelled': () => ({ detail: 'no label was bought' }),
  'payment.refunded': ({ refundId }: DataOf<typeof paymentRefunded>) => ({ detail: `refund ${refundId}` }),
  'payment.failed': ({ reason }: DataOf<typeof paymentFailed>) => ({ reason }),
  'shipment.created': ({ carrier, trackingNumber }: DataOf<typeof shipmentCreated>) => ({
    carrier,
    trackingNumber,
    detail: `${carrier} ${trackingNumber}`,
  }),
  'shipment.delivered': ({ deliveredAt }: DataOf<typeof shipmentDelivered>) => ({
    detail: `delivered at ${deliveredAt}`,
  }),
  'payment.postponed': retried,
  'shipment.postponed': retried,
  'shipment.failed': ({ reason }: DataOf<typeof shipmentFailed>) => ({ reason }),
};

/** Lets orders follow what the other services tell of them. */
@Controller()
export class FollowFulfilmentConsumer {
  constructor(private readonly orders: OrderRepository) {}

  @OnEvent(
    inventoryReserved,
    inventoryOutOfStock,
    inventoryReleased,
    paymentProcessed,
    paymentFailed,
    paymentRefunded,
    paymentCancelled,
    paymentPostponed,
    shipmentCreated,
    shipmentDelivered,
    shipmentFailed,
    shipmentVoided,
    shipmentCancelled,
    shipmentPostponed,
  )
  async follow(
    @Payload() events: readonly CloudEvent<{ orderId: string }>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    const orders = await this.orders.lock(
      unitOfWork.manager,
      events.map(({ data }) => data.orderId),
    );
    const entries: NewTimelineEntry[] = [];
    for (const event of events) {
      const order = orders.get(event.data.orderId);
      if (!order) throw new PermanentError(`There is no order ${event.data.orderId}.`);
      const previousStatus = order.status;
      entries.push(advance(order, event));
      if (order.status === previousStatus || order.status === 'PLACED' || order.status === 'CANCELLING')
        continue;
      const { id: orderId, userId, status, reason } = order;
      unitOfWork.send(
        ANNOUNCEMENTS[order.status],
        { orderId, userId, status, previousStatus, ...(reason && { reason }) },
        causedBy(event),
      );
    }
    await this.orders.update(unitOfWork.manager, [...orders.values()]);
    await this.orders.insertTimeline(unitOfWork.manager, entries);
  }
}

/**
 * Takes an event into an order.
 *
 * @returns its timeline entry.
 * @throws PermanentError when the event contradicts what is known.
 */
function advance(
  order: OrderProgress,
  { id: messageId, type, source, time, data }: CloudEvent,
): NewTimelineEntry {
  const event = type as FulfilmentEvent;
  const previousStatus = order.status;
  try {
    Object.assign(order, after(order, event));
  } catch (error) {
    if (error instanceof ContradictionError) throw new PermanentError(error.message, { cause: error });
    throw error;
  }
  const { detail, reason, ...news } = READERS[event](data as never);
  Object.assign(order, news);
  // What is only noted does not say why the order ended.
  if (reason && order.status !== previousStatus) order.reason = reason;
  order.version++;
  return {
    orderId: order.id,
    position: order.version,
    cause: type,
    status: order.status,
    messageId,
    source,
    occurredAt: new Date(time),
    detail: reason ?? detail ?? null,
  };
}
