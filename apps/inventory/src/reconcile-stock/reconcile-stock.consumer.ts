import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  causedBy,
  inventoryReleased,
  orderStateReported,
  type CloudEvent,
  type DataOf,
} from '@orderbridge/contracts';
import { OnEvent, PermanentError, type EventContext } from '@orderbridge/messaging';
import { ReconciliationRepository } from '@orderbridge/reconciliation';
import type { EntityManager } from 'typeorm';
import { repairOf, type Repair } from '../domain/reconciliation.js';
import {
  release,
  reserve,
  ship,
  takeBack,
  type ReservationStatus,
  type Stock,
  type Wanted,
} from '../domain/reservation.js';
import { ReservationRepository } from '../storage/reservation.repository.js';
import { StockRepository } from '../storage/stock.repository.js';

type StateReported = CloudEvent<DataOf<typeof orderStateReported>>;

interface Repaired {
  readonly event: StateReported;
  readonly orderId: string;
  readonly repair: Repair;
  readonly lines: readonly Wanted[];
}

const COUNTED: Readonly<Record<Repair, string>> = {
  release: 'released',
  ship: 'shipped',
  'reserve again': 'reservedAgain',
  'ship again': 'shippedAgain',
  'take back': 'takenBack',
};
const ENDED: Readonly<Record<Repair, ReservationStatus>> = {
  release: 'RELEASED',
  ship: 'SHIPPED',
  'reserve again': 'RESERVED',
  'ship again': 'SHIPPED',
  'take back': 'RELEASED',
};

/**
 * Makes reservations agree with their orders: ends those whose order has ended, and makes those again that a restored
 * database has forgotten, so that no piece is sold twice. Of an order that does not exist the parcel's fate comes first: pieces
 * that have not left come back. Where the pieces are missing meanwhile somebody has to decide,
 * so the message is rejected.
 */
@Controller()
export class ReconcileStockConsumer {
  constructor(
    private readonly stock: StockRepository,
    private readonly reservations: ReservationRepository,
    private readonly reconciliation: ReconciliationRepository,
  ) {}

  @OnEvent(orderStateReported)
  async reconcile(
    @Payload() events: readonly StateReported[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    const { manager } = unitOfWork;
    const known = await this.reservations.lock(
      manager,
      events.map(({ data }) => data.orderId),
    );
    const existing = new Set(known.keys());
    const repairs = events.flatMap((event): Repaired[] => {
      const { orderId, order, parcel } = event.data;
      const reservation = known.get(orderId);
      const repair = repairOf(reservation?.status, order, parcel);
      if (!repair) return [];
      const isForgotten = repair === 'reserve again' || repair === 'ship again';
      const lines = isForgotten ? order?.lines : reservation?.lines;
      // What comes of it counts for the next report of the order.
      known.set(orderId, { orderId, lines: lines ?? [], status: ENDED[repair], lacking: null });
      return [{ event, orderId, repair, lines: lines ?? [] }];
    });
    if (repairs.length === 0) return;
    const products = repairs.flatMap(({ lines }) => lines.map(({ productId }) => productId));
    const stock = await this.stock.lock(manager, new Set(products));
    const counts: Record<string, number> = {};
    for (const { event, orderId, repair, lines } of repairs) {
      const { order } = event.data;
      change(stock, repair, orderId, lines);
      counts[COUNTED[repair]] = (counts[COUNTED[repair]] ?? 0) + 1;
      if (repair !== 'release' || !order) continue;
      const { userId } = order;
      unitOfWork.send(inventoryReleased, { orderId, userId, lines: [...lines] }, causedBy(event));
    }
    await this.stock.update(manager, stock);
    await this.#write(manager, repairs, existing);
    await this.reconciliation.count(manager, counts);
  }

  /** @throws Error when an order that was unknown has come meanwhile; the report is then handled again. */
  async #write(
    manager: EntityManager,
    repairs: readonly Repaired[],
    existing: ReadonlySet<string>,
  ): Promise<void> {
    const again = new Map(
      repairs
        .filter(({ repair }) => repair === 'reserve again' || repair === 'ship again')
        .map(({ orderId, lines }) => [
          orderId,
          { orderId, lines: lines.map(({ productId, quantity }) => ({ productId, quantity })) },
        ]),
    );
    const isKnown = ({ orderId }: { orderId: string }): boolean => existing.has(orderId);
    await this.reservations.reopen(manager, [...again.values()].filter(isKnown));
    const forgotten = [...again.values()].filter((one) => !isKnown(one));
    await this.reservations.insert(
      manager,
      forgotten.map((reservation) => ({ ...reservation, lacking: [] })),
    );
    const takenBack = repairs.filter(({ repair }) => repair === 'take back');
    await this.reservations.takeBack(
      manager,
      takenBack.map(({ orderId }) => orderId),
    );
    for (const status of ['SHIPPED', 'RELEASED'] as const) {
      const ended = repairs.filter(({ repair }) => ENDED[repair] === status && repair !== 'take back');
      await this.reservations.end(
        manager,
        ended.map(({ orderId }) => orderId),
        status,
      );
    }
  }
}

/** @throws PermanentError when pieces are missing. */
function change(
  stock: ReadonlyMap<string, Stock>,
  repair: Repair,
  orderId: string,
  lines: readonly Wanted[],
): void {
  if (repair === 'release') release(stock, lines);
  else if (repair === 'ship') ship(stock, lines);
  else if (repair === 'take back') takeBack(stock, lines);
  else {
    const lacking = reserve(stock, lines);
    if (lacking.length > 0) {
      const pieces = lacking
        .map(({ productId, quantity, available }) => `${quantity} of ${productId}, ${available} available`)
        .join('; ');
      throw new PermanentError(
        `The restored stock has forgotten the order ${orderId}, and lacks its pieces (${pieces}). Count them, correct the stock with PUT /inventory/{productId}/update and redrive this dead letter, or cancel the order and discard it.`,
      );
    }
    if (repair === 'ship again') ship(stock, lines);
  }
}
