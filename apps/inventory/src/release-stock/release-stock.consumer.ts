import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  causedBy,
  inventoryReleased,
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
 * Undoes the reservations of orders that will not be shipped, each once, and tells so. Whoever cancels an order is told
 * in any case, also that nothing was reserved, and nothing will be, should `order.created` come late.
 */
@Controller()
export class ReleaseStockConsumer {
  constructor(
    private readonly stock: StockRepository,
    private readonly reservations: ReservationRepository,
  ) {}

  @OnEvent(orderPaymentFailed, orderFulfilmentFailed, orderCancelling)
  async release(
    @Payload() events: readonly CloudEvent<{ orderId: string; userId: string }>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    const orders = new Map(events.map((event) => [event.data.orderId, event]));
    const cancelled = events.filter(({ type }) => type === orderCancelling.type);
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
      if (!undone && event.type !== orderCancelling.type) continue;
      const { userId } = event.data;
      unitOfWork.send(inventoryReleased, { orderId, userId, lines: [...(undone ?? [])] }, causedBy(event));
    }
  }
}
