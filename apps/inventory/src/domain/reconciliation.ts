import type { ParcelFate } from '@orderbridge/contracts';
import type { ReservationStatus } from './reservation.js';

/** What order says of an order; null when there is no such order. */
export type ReportedOrder = { readonly status: string; readonly awaiting: readonly string[] } | null;

/**
 * What makes a reservation agree with its order:
 * - `release`, `ship`: it is open, and the order has ended.
 * - `reserve again`, `ship again`: it was forgotten, because the database was restored: the pieces would be sold twice.
 * - `take back`: it was shipped for an order that does not exist, and no parcel has left.
 */
export type Repair = 'release' | 'ship' | 'reserve again' | 'ship again' | 'take back';

const WAITS_FOR_PARCEL: ReadonlySet<string> = new Set(['RESERVED', 'PAID']);
const HAS_LEFT: ReadonlySet<string> = new Set(['SHIPPED', 'DELIVERED']);
const WILL_NOT_LEAVE: ReadonlySet<string> = new Set([
  'REJECTED',
  'PAYMENT_FAILED',
  'FULFILMENT_FAILED',
  'REFUNDED',
  'CANCELLED',
]);

/**
 * How a reservation is to be repaired; undefined when it agrees with its order, or the order itself will see to it: one
 * that is PLACED is nudged, and one that is CANCELLING is asked for until all is undone.
 *
 * @param status undefined when nothing is known of the order.
 * @param parcel of an order that does not exist; undefined while it is not known. Until then its pieces stay as they are.
 */
export function repairOf(
  status: ReservationStatus | undefined,
  order: ReportedOrder,
  parcel?: ParcelFate,
): Repair | undefined {
  if (!order) return ofUnknownOrder(status, parcel);
  if (status === 'RESERVED') {
    if (WILL_NOT_LEAVE.has(order.status)) return 'release';
    if (HAS_LEFT.has(order.status)) return 'ship';
    return order.status === 'CANCELLING' && !order.awaiting.includes('shipment') ? 'release' : undefined;
  }
  if (status === 'SHIPPED') return undefined;
  // What was released for a parcel that has left all the same is missing in the warehouse.
  if (HAS_LEFT.has(order.status)) return 'ship again';
  // An order that is RELEASED and goes on has been cancelled, and is told so when it is nudged.
  return WAITS_FOR_PARCEL.has(order.status) && status !== 'RELEASED' ? 'reserve again' : undefined;
}

/** A parcel that has left without an order is for a person to decide about; its pieces are gone all the same. */
function ofUnknownOrder(
  status: ReservationStatus | undefined,
  parcel: ParcelFate | undefined,
): Repair | undefined {
  if (parcel === undefined) return undefined;
  if (status === 'RESERVED') return parcel === 'none' ? 'release' : 'ship';
  return status === 'SHIPPED' && parcel === 'none' ? 'take back' : undefined;
}
