/**
 * The life of a shipment:
 *
 *     REQUESTED ──the carrier books it──▶ BOOKED ──its order is cancelled──▶ VOIDING ──the carrier takes it back──▶ VOIDED
 *         │                              └──the carrier delivers it──▶ DELIVERED
 *         └──────the carrier refuses───▶ FAILED
 *
 *     CANCELLED: closed without a label, because the order was cancelled before the carrier was asked.
 *
 * An order may be cancelled at any moment. While the carrier may have been asked, the booking is brought to its end, for
 * the label may be bought: what was bought then is voided.
 */
export type ShipmentStatus =
  'REQUESTED' | 'BOOKED' | 'DELIVERED' | 'FAILED' | 'CANCELLED' | 'VOIDING' | 'VOIDED';

/** What the carrier decided about a shipment. Until it has decided, the shipment stays REQUESTED. */
export type CarrierDecision =
  | {
      readonly booked: true;
      readonly carrier: string;
      readonly carrierReference: string;
      readonly trackingNumber: string;
    }
  | { readonly booked: false; readonly code: string; readonly reason: string };

export const statusAfter = ({ booked }: CarrierDecision, cancelled: boolean): ShipmentStatus => {
  if (!booked) return 'FAILED';
  return cancelled ? 'VOIDING' : 'BOOKED';
};

/** What becomes of a shipment when its order is cancelled. */
export function whenCancelled(status: ShipmentStatus, attempts: number): ShipmentStatus {
  if (status === 'REQUESTED') return attempts === 0 ? 'CANCELLED' : 'REQUESTED';
  return status === 'BOOKED' ? 'VOIDING' : status;
}

/** Statuses in which there is a label that is good. */
export const hasLabel = (status: ShipmentStatus): boolean => status === 'BOOKED' || status === 'DELIVERED';

/** Statuses in which no label was bought, and none will be. */
export const hasNoLabel = (status: ShipmentStatus): boolean => status === 'CANCELLED' || status === 'FAILED';
