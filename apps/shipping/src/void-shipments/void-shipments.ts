import { Injectable } from '@nestjs/common';
import { shipmentPostponed, shipmentVoided, voidRequested } from '@orderbridge/contracts';
import { sendAsDeadLetter } from '@orderbridge/kafka';
import { UnitsOfWork, type PermanentError } from '@orderbridge/messaging';
import type { Backlog, Finished, WorkItemHandlers } from '@orderbridge/work-items';
import { CarrierClient } from '../carrier/carrier.client.js';
import { VoidRepository, type VoidItem } from '../storage/void.repository.js';

/** Has the carrier take back the labels of cancelled orders, and announces it. */
@Injectable()
export class VoidShipments implements WorkItemHandlers<VoidItem, void> {
  constructor(
    private readonly voids: VoidRepository,
    private readonly carrier: CarrierClient,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  capacity(): number {
    return this.carrier.capacity;
  }

  take(limit: number, lease: number): Promise<VoidItem[]> {
    return this.voids.takeDue(limit, lease);
  }

  perform(item: VoidItem): Promise<void> {
    return this.carrier.voidShipment(item);
  }

  async postpone(
    { id: shipmentId, orderId, attempts }: VoidItem,
    delay: number,
    error: Error,
  ): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const postponed = await this.voids.postpone(unit.manager, shipmentId, delay);
      if (!postponed) return;
      const { userId, cause } = postponed;
      const retry = { step: 'void', attempts, reason: error.message, retryAfter: delay / 1_000 } as const;
      unit.send(shipmentPostponed, { orderId, userId, shipmentId, ...retry }, cause);
    });
  }

  /** The dead letter, sent again, makes the label due again. */
  async park({ id: shipmentId, attempts }: VoidItem, error: PermanentError): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const parked = await this.voids.park(unit.manager, shipmentId);
      if (!parked) return;
      const { orderId, cause, wantedSince: firstTried } = parked;
      const rejection = { error, attempts, firstTried, lastTried: new Date() };
      sendAsDeadLetter(unit, 'shipping', voidRequested, { orderId, shipmentId }, cause, rejection);
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
