import { id, text } from '@orderbridge/contracts';
import { z } from 'zod';
import { TRACKING_NUMBER } from '../domain/tracking-number.js';

/** A booked shipment, as the carrier has it. */
export interface CarrierLabel {
  readonly carrier: string;
  readonly carrierReference: string;
  readonly trackingNumber: string;
  /** Present when it was voided: no parcel may leave on it. */
  readonly voided?: true;
  /** By the carrier's clock; present when the parcel was delivered. */
  readonly deliveredAt?: Date;
}

/** What the carrier says that it has of an order. What of the label cannot be used is left out. */
export type FoundShipment = Partial<CarrierLabel>;

/** An entry of the carrier's own list. */
export interface ListedShipment extends CarrierLabel {
  readonly orderId: string;
}

/** Before there were parcels of this system. */
const EARLIEST = Date.UTC(2000, 0);
/** Most milliseconds by which the carrier's clock may be ahead. */
const MAX_AHEAD_MS = 86_400_000;

const trackingNumber = z.string().regex(TRACKING_NUMBER, 'must be 1 to 64 printable ASCII characters');

/** An empty element is null, and a date is read by the WSDL's type. */
const moment = z
  .preprocess((value) => (typeof value === 'string' ? new Date(value) : value), z.date())
  .refine((date) => date.getTime() >= EARLIEST && date.getTime() <= Date.now() + MAX_AHEAD_MS, 'is far off');

/** Undefined where what is given cannot be used. */
const leftOut = <Value>(schema: z.ZodType<Value>) => schema.optional().catch(undefined);

const cursor = text(500)
  .nullish()
  .transform((given) => given ?? '');

const label = z.object({
  shipmentReference: text(100).min(1),
  trackingNumber,
  carrier: text(100).min(1),
});

/** What createShipment answers; of a shipment that was delivered before, deliveries tell. */
export const createdAnswer = label
  .extend({ status: z.enum(['BOOKED', 'VOIDED', 'DELIVERED']).nullish() })
  .transform(({ shipmentReference: carrierReference, status, ...rest }): CarrierLabel => ({
    ...rest,
    carrierReference,
    ...(status === 'VOIDED' && { voided: true }),
  }));

export const shipmentAnswer = z
  .discriminatedUnion('status', [
    label.extend({ orderId: id, status: z.enum(['BOOKED', 'VOIDED']) }),
    label.extend({ orderId: id, status: z.literal('DELIVERED'), deliveredAt: moment }),
  ])
  .transform(({ shipmentReference: carrierReference, status, ...rest }): ListedShipment => ({
    ...rest,
    carrierReference,
    ...(status === 'VOIDED' && { voided: true }),
  }));

/** A label whose tracking number nobody can print can be voided all the same. */
export const foundAnswer = z
  .object({
    orderId: id,
    status: z.enum(['BOOKED', 'VOIDED', 'DELIVERED']),
    shipmentReference: leftOut(label.shape.shipmentReference),
    trackingNumber: leftOut(label.shape.trackingNumber),
    carrier: leftOut(label.shape.carrier),
    deliveredAt: leftOut(moment),
  })
  .transform(({ orderId, status, ...found }): { orderId: string; found: FoundShipment } => ({
    orderId,
    found: {
      ...(found.carrier !== undefined && { carrier: found.carrier }),
      ...(found.shipmentReference !== undefined && { carrierReference: found.shipmentReference }),
      ...(found.trackingNumber !== undefined && { trackingNumber: found.trackingNumber }),
      ...(status === 'VOIDED' && { voided: true }),
      ...(status === 'DELIVERED' && found.deliveredAt && { deliveredAt: found.deliveredAt }),
    },
  }));

export const deliveryAnswer = z.object({ orderId: id, deliveredAt: moment });

/** A page of a list: its entries are judged one by one. */
export const pageAnswer = (entries: 'delivery' | 'shipment') =>
  z.object({ [entries]: z.unknown().optional(), nextCursor: cursor }).transform((page) => {
    const listed: unknown = page[entries];
    return {
      entries: Array.isArray(listed) ? (listed as unknown[]) : listed ? [listed] : [],
      nextCursor: page.nextCursor as string,
    };
  });
