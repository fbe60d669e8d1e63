import { shipmentCreated, shipmentDelivered, shipmentFailed, type Cause } from '@orderbridge/contracts';
import type { UnitOfWork } from '@orderbridge/messaging';
import type { CarrierDecision } from '../domain/shipment.js';

/** A shipment that the carrier has decided about. */
export interface AnnouncedShipment {
  readonly id: string;
  readonly orderId: string;
  readonly userId: string;
  readonly cause: Cause;
  /** Where it was delivered already. */
  readonly deliveredAt: Date | null;
}

/** Tells what the carrier decided about a shipment, and that it was delivered where it was. */
export function announce(
  unit: UnitOfWork,
  { id: shipmentId, orderId, userId, cause, deliveredAt }: AnnouncedShipment,
  decision: CarrierDecision,
): void {
  if (!decision.booked) {
    const { code, reason } = decision;
    unit.send(shipmentFailed, { orderId, userId, shipmentId, code, reason }, cause);
    return;
  }
  const { carrier, trackingNumber } = decision;
  unit.send(shipmentCreated, { orderId, userId, shipmentId, carrier, trackingNumber }, cause);
  if (deliveredAt)
    announceDelivery(unit, { id: shipmentId, orderId, userId, trackingNumber, deliveredAt, cause });
}

export function announceDelivery(
  unit: UnitOfWork,
  {
    id: shipmentId,
    deliveredAt,
    cause,
    ...rest
  }: Omit<AnnouncedShipment, 'deliveredAt'> & { readonly deliveredAt: Date; readonly trackingNumber: string },
): void {
  const { orderId, userId, trackingNumber } = rest;
  const data = { orderId, userId, shipmentId, trackingNumber, deliveredAt: deliveredAt.toISOString() };
  unit.send(shipmentDelivered, data, cause);
}
