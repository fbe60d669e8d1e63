import { Injectable } from '@nestjs/common';
import { shippingOrderStateRequested, type Cause } from '@orderbridge/contracts';
import type { UnitOfWork } from '@orderbridge/messaging';
import type { Counts, Listing, ListingPage } from '@orderbridge/reconciliation';
import { v7 as uuid } from 'uuid';
import type { ListedShipment } from '../carrier/carrier-answers.js';
import { CarrierOperations } from '../carrier/carrier-operations.js';
import { CarrierClient } from '../carrier/carrier.client.js';
import { announceDelivered } from '../follow-deliveries/follow-deliveries.js';
import { DeliveryRepository } from '../storage/delivery.repository.js';
import type { ShipmentEntity } from '../storage/shipment.entity.js';
import { ShipmentRepository } from '../storage/shipment.repository.js';
import { VoidQueue } from '../void-shipments/void-queue.js';

const PAGE = 200;

/**
 * The carrier's own list. A delivery that was missed is announced, a label that ought to be void is voided, and about a label
 * of which nothing is known the order's state is requested; see `CompareOrderStateConsumer`.
 */
@Injectable()
export class CarrierShipmentsListing implements Listing<ListedShipment> {
  readonly name = 'carrier-shipments';

  constructor(
    private readonly carrier: CarrierClient,
    private readonly operations: CarrierOperations,
    private readonly shipments: ShipmentRepository,
    private readonly deliveries: DeliveryRepository,
    private readonly voids: VoidQueue,
  ) {}

  async page(cursor = ''): Promise<ListingPage<ListedShipment>> {
    const { entries, nextCursor } = await this.operations.lookup.execute(undefined, () =>
      this.carrier.listShipments(cursor, PAGE),
    );
    return { entries, nextCursor: nextCursor === '' ? undefined : nextCursor };
  }

  async compare(unit: UnitOfWork, entries: readonly ListedShipment[]): Promise<Counts> {
    const own = new Map(
      (
        await this.shipments.lockOfOrders(
          unit.manager,
          entries.map(({ orderId }) => orderId),
        )
      ).map((shipment) => [shipment.orderId, shipment]),
    );
    const delivered = entries.flatMap(({ orderId, deliveredAt }) => {
      const status = own.get(orderId)?.status;
      return deliveredAt && (status === 'BOOKED' || status === 'VOIDING') ? [{ orderId, deliveredAt }] : [];
    });
    if (delivered.length > 0)
      for (const shipment of await this.deliveries.deliver(unit.manager, delivered))
        announceDelivered(unit, shipment);
    const counts = { compared: entries.length, deliveries: delivered.length, unknown: 0, voided: 0 };
    for (const entry of entries) {
      const shipment = own.get(entry.orderId);
      if (isMissing(entry, shipment)) {
        counts.unknown++;
        const reason = shipment ? 'Its label is void.' : 'The carrier has a label of which nothing is known.';
        unit.send(shippingOrderStateRequested, { orderId: entry.orderId, reason }, causeOfRun());
      } else if (shipment && isToBeVoid(shipment) && !entry.voided && !entry.deliveredAt) {
        counts.voided++;
        await this.shipments.cancel(unit.manager, shipment.id, 'VOIDING', shipment.cause);
      }
    }
    if (counts.voided > 0) unit.afterCommit(() => this.voids.wake());
    return counts;
  }
}

/** Whether only the order can say what is right. */
const isMissing = ({ voided }: ListedShipment, shipment: ShipmentEntity | undefined): boolean =>
  shipment ? voided === true && shipment.status === 'BOOKED' : voided !== true;

/** Whether no parcel may leave. */
const isToBeVoid = ({ status }: ShipmentEntity): boolean =>
  status === 'VOIDED' || status === 'CANCELLED' || status === 'FAILED';

const causeOfRun = (): Cause => ({ correlationId: uuid() });
