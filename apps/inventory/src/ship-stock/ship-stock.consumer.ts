import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  orderCancellationRefused,
  orderDelivered,
  orderShipped,
  type CloudEvent,
  type OrderStatusChanged,
} from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { ship } from '../domain/reservation.js';
import { ReservationRepository } from '../storage/reservation.repository.js';
import { StockRepository } from '../storage/stock.repository.js';

/** Takes the pieces of orders that have left out of the stock, each once, whatever of them is heard first. */
@Controller()
export class ShipStockConsumer {
  constructor(
    private readonly stock: StockRepository,
    private readonly reservations: ReservationRepository,
  ) {}

  @OnEvent(orderShipped, orderDelivered, orderCancellationRefused)
  async ship(
    @Payload() events: readonly CloudEvent<OrderStatusChanged>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    const ended = await this.reservations.end(
      unitOfWork.manager,
      events.map(({ data }) => data.orderId),
      'SHIPPED',
    );
    const lines = ended.flatMap((reservation) => reservation.lines);
    const stock = await this.stock.lock(unitOfWork.manager, new Set(lines.map(({ productId }) => productId)));
    ship(stock, lines);
    await this.stock.update(unitOfWork.manager, stock);
  }
}
