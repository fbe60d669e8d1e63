import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import { orderShipped, type CloudEvent, type OrderStatusChanged } from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { ship } from '../domain/reservation.js';
import { ReservationRepository } from '../storage/reservation.repository.js';
import { StockRepository } from '../storage/stock.repository.js';

/** Takes the pieces of shipped orders out of the stock. */
@Controller()
export class ShipStockConsumer {
  constructor(
    private readonly stock: StockRepository,
    private readonly reservations: ReservationRepository,
  ) {}

  @OnEvent(orderShipped)
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
