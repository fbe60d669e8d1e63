/**
 * The life of a shipment:
 *
 *     REQUESTED ──the carrier books it──▶ BOOKED ──its order is cancelled──▶ VOIDING ──the carrier voids it──▶ VOIDED
 *      │     │                             │  ▲                               │   │
 *      │     │                             │  └──────the carrier refuses──────┘   └──the parcel is delivered──▶ DELIVERED
 *      │     │                             └─────────the parcel is delivered────▶ DELIVERED
 *      │     └──────the carrier refuses───▶ FAILED
 *      └──its order is cancelled, or an operator gives it up──▶ CLOSING ──there is a label──▶ VOIDING
 *                                                                  └──there is none──▶ CANCELLED or FAILED
 *
 *     CANCELLED: no label was bought for an order that was cancelled, and none will be.
 *
 * An order may be cancelled at any moment. While it is not known what an attempt to book has done, the carrier is asked what
 * it has: CLOSING. A label that there is is voided. Too late is an answer: the parcel goes on.
 */
export type ShipmentStatus =
  'REQUESTED' | 'BOOKED' | 'DELIVERED' | 'FAILED' | 'CANCELLED' | 'CLOSING' | 'VOIDING' | 'VOIDED';

/** What the carrier decided about a shipment. Until it has decided, the shipment stays REQUESTED. */
export type CarrierDecision =
  | {
      readonly booked: true;
      /** These three are absent where the carrier's cannot be used: such a label can only be voided. */
      readonly carrier?: string;
      readonly carrierReference?: string;
      readonly trackingNumber?: string;
      /** The label was voided before: no parcel may leave on it. */
      readonly voided?: true;
      readonly deliveredAt?: Date;
    }
  | { readonly booked: false; readonly code: string; readonly reason: string };

/** What the carrier answered when a label was to be voided. */
export type VoidDecision =
  | { readonly voided: true }
  | { readonly voided: false; readonly reason: string; readonly deliveredAt?: Date };

/** Why a booking is not to go on: its order is cancelled, or an operator has given it up. */
export type Closing = 'cancelled' | 'given-up' | undefined;

/** `delivered` where the parcel was, as far as is known. */
export function statusAfter(decision: CarrierDecision, closing: Closing, delivered: boolean): ShipmentStatus {
  if (!decision.booked) return closing === 'cancelled' ? 'CANCELLED' : 'FAILED';
  if (decision.voided) return 'VOIDED';
  if (delivered) return 'DELIVERED';
  return closing ? 'VOIDING' : 'BOOKED';
}

/** What is wrong at the carrier with a label that counts as good: it does not know it, or has voided it. */
export type LostLabel = 'unknown' | 'void';

/** What becomes of a shipment when its order is cancelled. */
export function whenCancelled(status: ShipmentStatus, attempts: number): ShipmentStatus {
  if (status === 'REQUESTED') return attempts === 0 ? 'CANCELLED' : 'CLOSING';
  return status === 'BOOKED' ? 'VOIDING' : status;
}

/** Statuses in which there is a label that is good. */
export const hasLabel = (status: ShipmentStatus): boolean => status === 'BOOKED' || status === 'DELIVERED';

/** Statuses in which no label was bought, and none will be. */
export const hasNoLabel = (status: ShipmentStatus): boolean => status === 'CANCELLED' || status === 'FAILED';
