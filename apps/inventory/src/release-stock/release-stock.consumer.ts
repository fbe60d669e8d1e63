import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  causedBy,
  inventoryReleased,
  orderCancellationConfirmed,
  orderCancelling,
  orderFulfilmentFailed,
  orderPaymentFailed,
  type CloudEvent,
} from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { release } from '../domain/reservation.js';
import { ReservationRepository } from '../storage/reservation.repository.js';
import { StockRepository } from '../storage/stock.repository.js';

/**
 * Undoes the reservations of orders that will not be shipped, each once, and announces it. While it is not known whether
 * the parcel of a cancelled order can be kept back, its pieces stay reserved: only what is not reserved yet never will
 * be, should `order.created` come late. Once that is known the release is announced in any case, also when nothing was
 * reserved.
 */
@Controller()
export class ReleaseStockConsumer {
  constructor(
    private readonly stock: StockRepository,
    private readonly reservations: ReservationRepository,
  ) {}

  @OnEvent(orderCancelling)
  async close(
    @Payload() events: readonly CloudEvent<{ orderId: string }>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    await this.reservations.close(
      unitOfWork.manager,
      events.map(({ data }) => data.orderId),
    );
  }

  @OnEvent(orderPaymentFailed, orderFulfilmentFailed, orderCancellationConfirmed)
  async release(
    @Payload() events: readonly CloudEvent<{ orderId: string; userId: string }>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    const orders = new Map(events.map((event) => [event.data.orderId, event]));
    const cancelled = events.filter(({ type }) => type === orderCancellationConfirmed.type);
    if (cancelled.length > 0)
      await this.reservations.close(
        unitOfWork.manager,
        cancelled.map(({ data }) => data.orderId),
      );
    const ended = await this.reservations.end(unitOfWork.manager, [...orders.keys()], 'RELEASED');
    const lines = ended.flatMap((reservation) => reservation.lines);
    const stock = await this.stock.lock(unitOfWork.manager, new Set(lines.map(({ productId }) => productId)));
    release(stock, lines);
    await this.stock.update(unitOfWork.manager, stock);
    const released = new Map(ended.map((reservation) => [reservation.orderId, reservation.lines]));
    for (const [orderId, event] of orders) {
      const undone = released.get(orderId);
      if (!undone && event.type !== orderCancellationConfirmed.type) continue;
      const { userId } = event.data;
      unitOfWork.send(inventoryReleased, { orderId, userId, lines: [...(undone ?? [])] }, causedBy(event));
    }
  }
}
