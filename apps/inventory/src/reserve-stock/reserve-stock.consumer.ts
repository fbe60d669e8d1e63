import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  causedBy,
  inventoryOutOfStock,
  inventoryReserved,
  orderCreated,
  type CloudEvent,
  type DataOf,
} from '@orderbridge/contracts';
import { OnEvent, type EventContext } from '@orderbridge/messaging';
import { reserve } from '../domain/reservation.js';
import { ReservationRepository, type Reservation } from '../storage/reservation.repository.js';
import { StockRepository } from '../storage/stock.repository.js';

/** Reserves the stock of new orders, first come, first served, and tells payment and order. */
@Controller()
export class ReserveStockConsumer {
  constructor(
    private readonly stock: StockRepository,
    private readonly reservations: ReservationRepository,
  ) {}

  @OnEvent(orderCreated)
  async reserve(
    @Payload() events: readonly CloudEvent<DataOf<typeof orderCreated>>[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    const wanted = new Set(events.flatMap(({ data }) => data.lines.map(({ productId }) => productId)));
    const stock = await this.stock.lock(unitOfWork.manager, wanted);
    const reserved: Reservation[] = [];
    for (const event of events) {
      const { items: _quantities, ...order } = event.data;
      const lacking = reserve(stock, order.lines);
      if (lacking.length === 0) {
        reserved.push({
          orderId: order.orderId,
          lines: order.lines.map(({ productId, quantity }) => ({ productId, quantity })),
        });
        unitOfWork.send(inventoryReserved, order, causedBy(event));
        continue;
      }
      const { orderId, userId, totalAmount, currency, lines } = order;
      const names = new Map(lines.map(({ productId, name }) => [productId, name]));
      unitOfWork.send(
        inventoryOutOfStock,
        {
          orderId,
          userId,
          totalAmount,
          currency,
          lacking: lacking.map(({ productId, quantity, available }) => ({
            productId,
            name: names.get(productId) ?? '',
            requested: quantity,
            available,
          })),
        },
        causedBy(event),
      );
    }
    if (reserved.length === 0) return;
    await this.stock.update(unitOfWork.manager, stock);
    await this.reservations.insert(unitOfWork.manager, reserved);
  }
}
