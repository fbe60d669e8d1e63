import { z } from 'zod';
import { hasLabel } from '../domain/shipment.js';
import type { ShipmentEntity } from '../storage/shipment.entity.js';

export const shipmentView = z
  .object({
    shipmentId: z.string(),
    orderId: z.string(),
    status: z.enum([
      'REQUESTED',
      'BOOKED',
      'DELIVERED',
      'FAILED',
      'CANCELLED',
      'CLOSING',
      'VOIDING',
      'VOIDED',
    ]),
    carrier: z.string().optional(),
    trackingNumber: z.string().optional(),
    shipTo: z
      .object({
        name: z.string(),
        street: z.string(),
        postalCode: z.string(),
        city: z.string(),
        country: z.string(),
      })
      .optional()
      .describe('Absent where the order was cancelled before it was paid'),
    pieces: z.number(),
    failure: z.object({ code: z.string(), reason: z.string() }).optional(),
    label: z.string().optional().describe('Path of the label, a PDF'),
    attempts: z.number().describe('How often the carrier was asked'),
    deliveredAt: z.string().optional(),
    createdAt: z.string(),
    updatedAt: z.string(),
  })
  .meta({ id: 'Shipment' });
export type ShipmentView = z.infer<typeof shipmentView>;

export function viewOf(shipment: ShipmentEntity): ShipmentView {
  return {
    shipmentId: shipment.id,
    orderId: shipment.orderId,
    status: shipment.status,
    ...(shipment.carrier && { carrier: shipment.carrier }),
    ...(shipment.trackingNumber && { trackingNumber: shipment.trackingNumber }),
    ...(shipment.shipTo && { shipTo: shipment.shipTo }),
    pieces: shipment.pieces,
    ...(shipment.failureCode && {
      failure: { code: shipment.failureCode, reason: shipment.failureReason ?? '' },
    }),
    ...(hasLabel(shipment.status) && { label: `/shipments/${shipment.orderId}/label` }),
    attempts: shipment.attempts,
    ...(shipment.deliveredAt && { deliveredAt: shipment.deliveredAt.toISOString() }),
    createdAt: shipment.createdAt.toISOString(),
    updatedAt: shipment.updatedAt.toISOString(),
  };
}
