/**
 * The life of a shipment:
 *
 *     REQUESTED ──the carrier books it──▶ BOOKED
 *         └──────the carrier refuses───▶ FAILED
 */
export type ShipmentStatus = 'REQUESTED' | 'BOOKED' | 'FAILED';

/** What the carrier decided about a shipment. Until it has decided, the shipment stays REQUESTED. */
export type CarrierDecision =
  | {
      readonly booked: true;
      readonly carrier: string;
      readonly carrierReference: string;
      readonly trackingNumber: string;
    }
  | { readonly booked: false; readonly code: string; readonly reason: string };

export const statusAfter = ({ booked }: CarrierDecision): ShipmentStatus => (booked ? 'BOOKED' : 'FAILED');
