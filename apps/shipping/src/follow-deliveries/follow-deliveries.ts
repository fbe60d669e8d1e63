import { Injectable } from '@nestjs/common';
import { UnitsOfWork, type UnitOfWork } from '@orderbridge/messaging';
import { announce, announceDelivery } from '../book-shipments/announce.js';
import { CarrierOperations } from '../carrier/carrier-operations.js';
import { CarrierClient } from '../carrier/carrier.client.js';
import { DeliveryRepository, type DeliveredShipment } from '../storage/delivery.repository.js';

/** Most deliveries of one transaction. */
const PAGE = 200;

/** Asks the carrier what was delivered since it was last asked, and announces it. */
@Injectable()
export class FollowDeliveries {
  constructor(
    private readonly deliveries: DeliveryRepository,
    private readonly carrier: CarrierClient,
    private readonly operations: CarrierOperations,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  /** Resolves with whether there may be more. */
  async follow(): Promise<boolean> {
    const cursor = await this.deliveries.cursor();
    const { entries, listed, nextCursor } = await this.operations.deliveries.execute(undefined, () =>
      this.carrier.getDeliveries(cursor, PAGE),
    );
    if (nextCursor === cursor || nextCursor === '') return false;
    await this.unitsOfWork.run(async (unit) => {
      if (!(await this.deliveries.advance(unit.manager, cursor, nextCursor))) return;
      for (const shipment of await this.deliveries.deliver(unit.manager, entries))
        announceDelivered(unit, shipment);
    });
    return listed >= PAGE;
  }
}

/** The booking of a shipment that was to be voided may not have been announced. */
export function announceDelivered(unit: UnitOfWork, shipment: DeliveredShipment): void {
  if (shipment.previousStatus === 'VOIDING') announce(unit, shipment);
  else announceDelivery(unit, shipment);
}
