import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  causedBy,
  inventoryOutOfStock,
  inventoryReleased,
  inventoryReserved,
  paymentCancelled,
  paymentFailed,
  paymentPostponed,
  paymentProcessed,
  paymentRefunded,
  shipmentCancelled,
  shipmentCreated,
  shipmentDelivered,
  shipmentFailed,
  shipmentNotCancelled,
  shipmentPostponed,
  shipmentVoided,
  type CloudEvent,
  type DataOf,
} from '@orderbridge/contracts';
import { OnEvent, PermanentError, type EventContext } from '@orderbridge/messaging';
import { announceProgress } from '../announce-progress/announce-progress.js';
import {
  after,
  ContradictionError,
  type Fulfilment,
  type FulfilmentEvent,
  type OrderStatus,
} from '../domain/fulfilment.js';
import { OrderRepository, type NewTimelineEntry, type OrderProgress } from '../storage/order.repository.js';

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
  'shipment.not-cancelled': ({ carrier, trackingNumber, reason }: DataOf<typeof shipmentNotCancelled>) => ({
    carrier,
    trackingNumber,
    reason: `Not cancelled: ${reason}`,
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
    shipmentNotCancelled,
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
      const before: Fulfilment = { status: order.status, awaiting: order.awaiting };
      entries.push(advance(order, event));
      announceProgress(unitOfWork, before, order, causedBy(event));
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
  const { status: previousStatus } = order;
  try {
    Object.assign(order, after(order, event));
    // A parcel that cannot be kept back may have reached its customer.
    if (event === 'shipment.not-cancelled' && (data as DataOf<typeof shipmentNotCancelled>).deliveredAt)
      Object.assign(order, after(order, 'shipment.delivered'));
  } catch (error) {
    if (error instanceof ContradictionError) throw new PermanentError(error.message, { cause: error });
    throw error;
  }
  const { detail, reason, ...news } = READERS[event](data as never);
  Object.assign(order, news);
  // What is only noted does not say why the order ended.
  if (order.status !== previousStatus) order.reason = reason ?? reasonOf(order, previousStatus);
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

/** Why an order is where it is now, where the event itself does not say so. */
function reasonOf({ status, reason }: OrderProgress, previousStatus: OrderStatus): string | null {
  if (status === 'DELIVERED' && previousStatus === 'CANCELLING')
    return 'Not cancelled: the parcel was delivered before.';
  if (status === 'CANCELLING' || (status === 'CANCELLED' && previousStatus !== 'CANCELLING'))
    return 'The order was cancelled before.';
  return reason;
}
