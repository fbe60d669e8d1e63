import { Injectable } from '@nestjs/common';
import { shipmentPostponed, shipmentVoided, voidRequested } from '@orderbridge/contracts';
import { sendAsDeadLetter } from '@orderbridge/kafka';
import { UnitsOfWork } from '@orderbridge/messaging';
import type {
  Backlog,
  Capacity,
  Finished,
  Postponement,
  TakeRequest,
  WorkItemHandlers,
} from '@orderbridge/work-items';
import { CarrierOperations } from '../carrier/carrier-operations.js';
import { CarrierClient } from '../carrier/carrier.client.js';
import { VoidRepository, type VoidItem } from '../storage/void.repository.js';

/** Has the carrier take back the labels of cancelled orders, and announces it. */
@Injectable()
export class VoidShipments implements WorkItemHandlers<VoidItem, void> {
  constructor(
    private readonly voids: VoidRepository,
    private readonly carrier: CarrierClient,
    private readonly operations: CarrierOperations,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  capacity(): Capacity {
    return this.operations.voiding.capacity;
  }

  take(request: TakeRequest): Promise<VoidItem[]> {
    return this.voids.takeDue(request);
  }

  perform(item: VoidItem): Promise<void> {
    return this.operations.voiding.execute(item, () => this.carrier.voidShipment(item));
  }

  async postpone(item: VoidItem, postponement: Postponement): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const postponed = await this.voids.postpone(unit.manager, item, postponement);
      if (!postponed) return;
      const { userId, cause } = postponed;
      const { id: shipmentId, orderId, attempts } = item;
      const { error, delayMs } = postponement;
      const retry = { step: 'void', attempts, reason: error.message, retryAfter: delayMs / 1_000 } as const;
      unit.send(shipmentPostponed, { orderId, userId, shipmentId, ...retry }, cause);
    });
  }

  /** The dead letter, redriven, makes the label due again. */
  async park(item: VoidItem, error: Error, itemFailures: number): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const parked = await this.voids.park(unit.manager, item, itemFailures);
      if (!parked) return;
      const { orderId, cause, wantedSince } = parked;
      const rejection = { error, attempts: item.attempts, firstTried: wantedSince, lastTried: new Date() };
      sendAsDeadLetter(unit, 'shipping', voidRequested, { orderId, shipmentId: item.id }, cause, rejection);
    });
  }

  backlog(): Promise<Backlog> {
    return this.voids.backlog();
  }

  async settle(finished: readonly Finished<VoidItem, void>[]): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const voided = await this.voids.complete(
        unit.manager,
        finished.map(({ item }) => item.id),
      );
      for (const { id: shipmentId, orderId, userId, trackingNumber, cause } of voided) {
        unit.send(shipmentVoided, { orderId, userId, shipmentId, trackingNumber }, cause);
      }
    });
  }
}
