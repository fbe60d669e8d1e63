import { Injectable } from '@nestjs/common';
import { shippingOrderStateRequested } from '@orderbridge/contracts';
import type { UnitOfWork } from '@orderbridge/messaging';
import type { Counts, Listing, ListingPage, Scope } from '@orderbridge/reconciliation';
import type { FoundShipment } from '../carrier/carrier-answers.js';
import { CarrierOperations } from '../carrier/carrier-operations.js';
import { CarrierClient } from '../carrier/carrier.client.js';
import type { LostLabel } from '../domain/shipment.js';
import { ShipmentRepository, type OwnLabel } from '../storage/shipment.repository.js';

/** Labels about which the carrier is asked at once. */
const PAGE = 20;

interface ComparedLabel extends OwnLabel {
  readonly lost: LostLabel | null;
}

/**
 * The labels that count as good here. The carrier is asked about each by its order, since a list may leave out what is old;
 * where it has none, or a void one, the state of the order is requested.
 */
@Injectable()
export class OwnLabelsListing implements Listing<ComparedLabel> {
  readonly name = 'own-labels';

  constructor(
    private readonly shipments: ShipmentRepository,
    private readonly carrier: CarrierClient,
    private readonly operations: CarrierOperations,
  ) {}

  async page(cursor: string | undefined, { since }: Scope): Promise<ListingPage<ComparedLabel>> {
    const labels = await this.shipments.bookedAfter(cursor, since, PAGE);
    const entries = await Promise.all(
      labels.map(async (label) => {
        const found = await this.operations.lookup.execute(undefined, () => this.carrier.getShipment(label));
        return { ...label, lost: lostIn(found) };
      }),
    );
    return { entries, nextCursor: labels.length === PAGE ? labels.at(-1)?.id : undefined };
  }

  async compare(unit: UnitOfWork, labels: readonly ComparedLabel[]): Promise<Counts> {
    const locked = await this.shipments.lockOfOrders(
      unit.manager,
      labels.map(({ orderId }) => orderId),
    );
    const booked = new Set(locked.filter(({ status }) => status === 'BOOKED').map(({ id }) => id));
    const open = labels.filter(({ id }) => booked.has(id));
    await this.shipments.loseLabels(unit.manager, open);
    const lost = open.filter((label) => label.lost !== null);
    for (const { orderId, lost: how } of lost)
      unit.send(
        shippingOrderStateRequested,
        { orderId, reason: `Its label is ${how} at the carrier.` },
        { correlationId: orderId },
      );
    return { ownLabels: labels.length, lost: lost.length };
  }
}

function lostIn(found: FoundShipment | undefined): LostLabel | null {
  if (!found) return 'unknown';
  return found.voided ? 'void' : null;
}
