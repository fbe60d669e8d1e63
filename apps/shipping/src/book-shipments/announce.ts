import {
  shipmentCancelled,
  shipmentCreated,
  shipmentDelivered,
  shipmentFailed,
  shipmentNotCancelled,
  shipmentVoided,
  shippingOrderStateRequested,
  type ParcelFate,
} from '@orderbridge/contracts';
import type { UnitOfWork } from '@orderbridge/messaging';
import { hasLabel, hasNoLabel, type ShipmentStatus } from '../domain/shipment.js';
import { NOBODY, type AnnouncedShipment } from '../storage/shipment.repository.js';

/** Why a parcel goes on although its order was to be cancelled, for customers. */
const TOO_LATE = 'The parcel is on its way and cannot be kept back.';
const DELIVERED = 'The parcel was delivered.';
/** Of a shipment that an operator gave up. */
const GIVEN_UP = { code: 'GivenUp', reason: 'The shipment was given up.' };

/**
 * Announces what has become of a shipment, by its status. While that is open, nothing is announced. Of an order that does not
 * exist only order hears, and passes it on to those who have stock and money.
 */
export function announce(unit: UnitOfWork, shipment: AnnouncedShipment): void {
  const {
    id: shipmentId,
    orderId,
    userId,
    cause,
    cancelled,
    trackingNumber,
    failureCode,
    failureReason,
  } = shipment;
  if (userId === NOBODY) return answerFate(unit, shipment);
  const about = { orderId, userId, shipmentId };
  switch (shipment.status) {
    case 'REQUESTED':
    case 'CLOSING':
    case 'VOIDING':
      return;
    case 'BOOKED':
    case 'DELIVERED':
      if (cancelled) announceTooLate(unit, shipment);
      else announceBooked(unit, shipment);
      return;
    case 'CANCELLED':
      unit.send(shipmentCancelled, about, cause);
      return;
    case 'VOIDED':
      if (cancelled || failureCode !== GIVEN_UP.code)
        unit.send(shipmentVoided, { ...about, trackingNumber: trackingNumber ?? '' }, cause);
      else unit.send(shipmentFailed, { ...about, ...GIVEN_UP }, cause);
      return;
    case 'FAILED':
      if (cancelled) unit.send(shipmentCancelled, about, cause);
      else
        unit.send(shipmentFailed, { ...about, code: failureCode ?? '', reason: failureReason ?? '' }, cause);
  }
}

/** Announces that the parcel of an order that was to be cancelled goes on. */
export function announceTooLate(unit: UnitOfWork, shipment: AnnouncedShipment): void {
  const { id: shipmentId, orderId, userId, cause, carrier, trackingNumber, deliveredAt } = shipment;
  unit.send(
    shipmentNotCancelled,
    {
      orderId,
      userId,
      shipmentId,
      carrier: carrier ?? '',
      trackingNumber: trackingNumber ?? '',
      ...(deliveredAt && { deliveredAt: deliveredAt.toISOString() }),
      reason: deliveredAt ? DELIVERED : TOO_LATE,
    },
    cause,
  );
}

/** Announces the delivery of a shipment whose booking was announced. */
export function announceDelivery(unit: UnitOfWork, shipment: AnnouncedShipment): void {
  const { id: shipmentId, orderId, userId, cause, trackingNumber, deliveredAt } = shipment;
  if (!deliveredAt || userId === NOBODY) return;
  unit.send(
    shipmentDelivered,
    {
      orderId,
      userId,
      shipmentId,
      trackingNumber: trackingNumber ?? '',
      deliveredAt: deliveredAt.toISOString(),
    },
    cause,
  );
}

function announceBooked(unit: UnitOfWork, shipment: AnnouncedShipment): void {
  const { id: shipmentId, orderId, userId, cause, carrier, trackingNumber } = shipment;
  unit.send(
    shipmentCreated,
    { orderId, userId, shipmentId, carrier: carrier ?? '', trackingNumber: trackingNumber ?? '' },
    cause,
  );
  announceDelivery(unit, shipment);
}

/** Says whether a parcel has left for an order that does not exist, once that is known. */
function answerFate(unit: UnitOfWork, { orderId, status, cancelled, cause }: AnnouncedShipment): void {
  const parcel = fateOf(status, cancelled);
  if (!parcel) return;
  const reason = `Its shipment is ${status}.`;
  unit.send(shippingOrderStateRequested, { orderId, reason, parcel }, cause);
}

function fateOf(status: ShipmentStatus, cancelled: boolean): ParcelFate | undefined {
  if (status === 'VOIDED' || hasNoLabel(status)) return 'none';
  return hasLabel(status) && cancelled ? 'left' : undefined;
}
