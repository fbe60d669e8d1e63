import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  causedBy,
  inventoryOutOfStock,
  inventoryReleased,
  inventoryReserved,
  orderCreated,
  type CloudEvent,
  type DataOf,
} from '@orderbridge/contracts';
import { OnEvent, type EventContext, type UnitOfWork } from '@orderbridge/messaging';
import { reserve, type Lack } from '../domain/reservation.js';
import { ReservationRepository, type NewDecision } from '../storage/reservation.repository.js';
import { StockRepository } from '../storage/stock.repository.js';

type OrderCreated = CloudEvent<DataOf<typeof orderCreated>>;

/**
 * Reserves the stock of new orders, first come, first served, and announces it to payment and order. Of an order that is
 * known that is announced again, or that it is released: the order may have been nudged, or come from a restored database.
 */
@Controller()
export class ReserveStockConsumer {
  constructor(
    private readonly stock: StockRepository,
    private readonly reservations: ReservationRepository,
  ) {}

  @OnEvent(orderCreated)
  async reserve(
    @Payload() events: readonly OrderCreated[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    const wanted = new Set(events.flatMap(({ data }) => data.lines.map(({ productId }) => productId)));
    // The locks come first: while they are held nobody else decides about these orders.
    const stock = await this.stock.lock(unitOfWork.manager, wanted);
    const known = await this.reservations.find(
      unitOfWork.manager,
      events.map(({ data }) => data.orderId),
    );
    const decided = new Map<string, NewDecision>();
    for (const event of events) {
      const { orderId, lines } = event.data;
      const before = known.get(orderId) ?? decided.get(orderId);
      if (!before) {
        const lacking = reserve(stock, lines);
        decided.set(orderId, {
          orderId,
          lines: lines.map(({ productId, quantity }) => ({ productId, quantity })),
          lacking,
        });
        announce(unitOfWork, event, lacking);
      } else if ('status' in before && before.status === 'RELEASED') {
        const { userId } = event.data;
        unitOfWork.send(inventoryReleased, { orderId, userId, lines: [] }, causedBy(event));
      } else {
        announce(unitOfWork, event, before.lacking ?? []);
      }
    }
    if (decided.size === 0) return;
    await this.stock.update(unitOfWork.manager, stock);
    await this.reservations.insert(unitOfWork.manager, [...decided.values()]);
  }
}

/** Tells that an order is reserved or, where something is lacking, what. */
function announce(unit: UnitOfWork, event: OrderCreated, lacking: readonly Lack[]): void {
  const { items: _quantities, ...order } = event.data;
  if (lacking.length === 0) {
    unit.send(inventoryReserved, order, causedBy(event));
    return;
  }
  const { orderId, userId, totalAmount, currency, lines } = order;
  const names = new Map(lines.map(({ productId, name }) => [productId, name]));
  unit.send(
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
