import { Injectable } from '@nestjs/common';
import { shipmentPostponed, voidRequested } from '@orderbridge/contracts';
import { sendAsDeadLetter } from '@orderbridge/kafka';
import { UnitsOfWork } from '@orderbridge/messaging';
import {
  capacityWithLookup,
  ItemFailedError,
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
import type { VoidDecision } from '../domain/shipment.js';
import { NOBODY } from '../storage/shipment.repository.js';
import { VoidRepository, type VoidItem } from '../storage/void.repository.js';

/** Has the carrier void the labels of cancelled orders, and announces it, or that it is too late. */
@Injectable()
export class VoidShipments implements WorkItemHandlers<VoidItem, VoidDecision> {
  constructor(
    private readonly voids: VoidRepository,
    private readonly carrier: CarrierClient,
    private readonly operations: CarrierOperations,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  capacity(): Capacity {
    return capacityWithLookup(this.operations.voiding, this.operations.lookup);
  }

  take(request: TakeRequest): Promise<VoidItem[]> {
    return this.voids.takeDue(request);
  }

  /**
   * After an attempt of unknown outcome the carrier is asked first whether the label is void. A refusal is believed when it
   * fits what the carrier has.
   */
  async perform(item: VoidItem): Promise<VoidDecision> {
    const { voiding, lookup } = this.operations;
    const lookUp = () => lookup.execute(item, () => this.carrier.getShipment(item));
    const isRetry = item.attempts > 1;
    if (isRetry && (await lookUp())?.voided) {
      voiding.confirmed(item);
      return { voided: true };
    }
    const refusal = await voiding.execute(item, () => this.carrier.voidShipment(item), {
      hasAnswered: isRetry,
    });
    if (!refusal) return { voided: true };
    const found = await lookUp();
    // No parcel can leave on a label that the carrier does not know.
    if (!found || found.voided) return { voided: true };
    if (refusal.code === 'NotFound')
      throw new ItemFailedError('The carrier has a shipment, but says to void that there is none.');
    const { deliveredAt } = found;
    return { voided: false, reason: refusal.reason, ...(deliveredAt && { deliveredAt }) };
  }

  async postpone(item: VoidItem, postponement: Postponement): Promise<void> {
    const { id: shipmentId, orderId, attempts } = item;
    const { delayMs, error } = postponement;
    await this.unitsOfWork.run(async (unit) => {
      const postponed = await this.voids.postpone(unit.manager, item, postponement);
      if (!postponed || postponed.userId === NOBODY) return;
      const { userId, cause } = postponed;
      const retry = { step: 'void', attempts, reason: error.message, retryAfter: delayMs / 1_000 } as const;
      unit.send(shipmentPostponed, { orderId, userId, shipmentId, ...retry }, cause);
    });
  }

  /** The dead letter, redriven, makes the void due again, or gives it up. */
  async park(item: VoidItem, error: Error, itemFailures: number): Promise<void> {
    const { id: shipmentId, attempts } = item;
    await this.unitsOfWork.run(async (unit) => {
      const parked = await this.voids.park(unit.manager, item, itemFailures);
      if (!parked) return;
      const { orderId, cause, wantedSince: firstTried } = parked;
      const rejection = { error, attempts, firstTried, lastTried: new Date() };
      sendAsDeadLetter(unit, 'shipping', voidRequested, { orderId, shipmentId }, cause, rejection);
    });
  }

  backlog(): Promise<Backlog> {
    return this.voids.backlog();
  }

  async settle(finished: readonly Finished<VoidItem, VoidDecision>[]): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const completed = await this.voids.complete(
        unit.manager,
        finished.map(({ item: { id }, result: decision }) => ({ id, decision })),
      );
      for (const shipment of completed) announce(unit, shipment);
    });
  }
}
