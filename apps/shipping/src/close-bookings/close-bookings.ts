import { Injectable } from '@nestjs/common';
import { bookingRequested } from '@orderbridge/contracts';
import { sendAsDeadLetter } from '@orderbridge/kafka';
import { UnitsOfWork } from '@orderbridge/messaging';
import {
  type Backlog,
  type Capacity,
  type Finished,
  type Postponement,
  type TakeRequest,
  type WorkItemHandlers,
} from '@orderbridge/work-items';
import { announce } from '../book-shipments/announce.js';
import { CarrierOperations } from '../carrier/carrier-operations.js';
import { CarrierClient } from '../carrier/carrier.client.js';
import type { CarrierDecision } from '../domain/shipment.js';
import { ClosingRepository, type ClosingItem } from '../storage/closing.repository.js';
import { ShipmentRepository } from '../storage/shipment.repository.js';
import { VoidQueue } from '../void-shipments/void-queue.js';

/** Milliseconds for which a request without an answer may still reach the carrier. */
const IN_DOUBT_MS = 65_000;

/** The carrier has nothing, and what it was asked may still reach it. */
export class BookingInDoubtError extends Error {
  override readonly name = 'BookingInDoubtError';
}

/**
 * Brings bookings to their end that are not to go on: the carrier is asked what it has of them, a label that there is is
 * voided, and one that there is not never will be.
 */
@Injectable()
export class CloseBookings implements WorkItemHandlers<ClosingItem, CarrierDecision> {
  constructor(
    private readonly closings: ClosingRepository,
    private readonly shipments: ShipmentRepository,
    private readonly carrier: CarrierClient,
    private readonly operations: CarrierOperations,
    private readonly voids: VoidQueue,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  capacity(): Capacity {
    return this.operations.lookup.capacity;
  }

  take(request: TakeRequest): Promise<ClosingItem[]> {
    return this.closings.takeDue(request);
  }

  /** @throws BookingInDoubtError while there may be a label later. */
  async perform(item: ClosingItem): Promise<CarrierDecision> {
    const found = await this.operations.lookup.execute(item, () => this.carrier.getShipment(item));
    if (found) return { booked: true, ...found };
    if (item.inDoubtForMs !== null && item.inDoubtForMs < IN_DOUBT_MS)
      throw new BookingInDoubtError('The carrier has no shipment, but may still get what it was asked.');
    return { booked: false, code: 'GivenUp', reason: 'The booking was given up.' };
  }

  async postpone(item: ClosingItem, postponement: Postponement): Promise<void> {
    await this.unitsOfWork.run((unit) => this.closings.postpone(unit.manager, item, postponement));
  }

  /** The dead letter, redriven, has the carrier asked again, or says that it has nothing. */
  async park(item: ClosingItem, error: Error, itemFailures: number): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const parked = await this.closings.park(unit.manager, item, itemFailures);
      if (!parked?.shipTo) return;
      const { id: shipmentId, orderId, pieces, shipTo, cause, wantedSince: firstTried } = parked;
      const rejection = { error, attempts: item.attempts, firstTried, lastTried: new Date() };
      sendAsDeadLetter(
        unit,
        'shipping',
        bookingRequested,
        { orderId, shipmentId, pieces, shipTo },
        cause,
        rejection,
      );
    });
  }

  backlog(): Promise<Backlog> {
    return this.closings.backlog();
  }

  async settle(finished: readonly Finished<ClosingItem, CarrierDecision>[]): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const decided = await this.shipments.decide(
        unit.manager,
        finished.map(({ item: { id }, result: decision }) => ({ id, decision })),
      );
      for (const shipment of decided) announce(unit, shipment);
      if (decided.some(({ status }) => status === 'VOIDING')) unit.afterCommit(() => this.voids.wake());
    });
  }
}
