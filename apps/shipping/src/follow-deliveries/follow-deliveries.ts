import { Injectable } from '@nestjs/common';
import { UnitsOfWork } from '@orderbridge/messaging';
import { announceDelivery } from '../book-shipments/announce.js';
import { CarrierOperations } from '../carrier/carrier-operations.js';
import { CarrierClient } from '../carrier/carrier.client.js';
import { DeliveryRepository } from '../storage/delivery.repository.js';

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
    const { deliveries, nextCursor } = await this.operations.deliveries.execute(undefined, () =>
      this.carrier.getDeliveries(cursor, PAGE),
    );
    if (nextCursor === cursor) return false;
    await this.unitsOfWork.run(async (unit) => {
      if (!(await this.deliveries.advance(unit.manager, cursor, nextCursor))) return;
      for (const shipment of await this.deliveries.deliver(unit.manager, deliveries))
        announceDelivery(unit, shipment);
    });
    return deliveries.length === PAGE;
  }
}
