import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  causedBy,
  inventoryReleased,
  orderFulfilmentFailed,
  orderPaymentFailed,
  type CloudEvent,
  type OrderStatusChanged,
} from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { release } from '../domain/reservation.js';
import { ReservationRepository } from '../storage/reservation.repository.js';
import { StockRepository } from '../storage/stock.repository.js';

/** Undoes the reservations of orders that will not be shipped, each once, and tells so. */
@Controller()
export class ReleaseStockConsumer {
  constructor(
    private readonly stock: StockRepository,
    private readonly reservations: ReservationRepository,
  ) {}

  @OnEvent(orderPaymentFailed, orderFulfilmentFailed)
  async release(
    @Payload() events: readonly CloudEvent<OrderStatusChanged>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    const causes = new Map(events.map((event) => [event.data.orderId, event]));
    const ended = await this.reservations.end(unitOfWork.manager, [...causes.keys()], 'RELEASED');
    const lines = ended.flatMap((reservation) => reservation.lines);
    const stock = await this.stock.lock(unitOfWork.manager, new Set(lines.map(({ productId }) => productId)));
    release(stock, lines);
    await this.stock.update(unitOfWork.manager, stock);
    for (const reservation of ended) {
      const cause = causes.get(reservation.orderId) as CloudEvent<OrderStatusChanged>;
      const { orderId, userId } = cause.data;
      unitOfWork.send(inventoryReleased, { orderId, userId, lines: [...reservation.lines] }, causedBy(cause));
    }
  }
}
