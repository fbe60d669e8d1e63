import { setTimeout as sleep } from 'node:timers/promises';
import { Ledger } from '@orderbridge/ledger';
import { z } from 'zod';
import { clientFault, serverFault } from './carrier-fault.js';
import type { Deliveries } from './deliveries.js';

/** Postal codes that make the carrier misbehave. */
export const FAULTS = {
  invalidAddress: '00000',
  /** Books at once, but answers the first request too late. */
  lateAnswer: '99408',
  /** Fails twice before it books. */
  serverError: '99500',
} as const;
const FAILED_ATTEMPTS = 2;

const booking = z.object({
  orderId: z.string().min(1),
  pieces: z.coerce.number().int().min(1),
  recipient: z.object({
    name: z.string().min(1),
    street: z.string().min(1),
    postalCode: z.string().min(1),
    city: z.string().min(1),
    country: z.string().length(2),
  }),
});

const deliveriesRequest = z.object({
  cursor: z.string().default(''),
  limit: z.coerce.number().int().min(1).max(1_000),
});

export interface CarrierShipment extends z.infer<typeof booking> {
  readonly shipmentReference: string;
  readonly trackingNumber: string;
  /** A booked shipment is delivered once that time has come. */
  readonly status: 'BOOKED' | 'VOIDED';
  readonly deliveredAt: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The carrier behind the WSDL: its operations over its own ledger, which is kept by order. */
export class Carrier {
  readonly #attempts = new Map<string, number>();

  constructor(
    private readonly ledger: Ledger<CarrierShipment>,
    private readonly byTrackingNumber: Ledger<string>,
    private readonly deliveries: Deliveries,
    private readonly lateAnswer: number,
  ) {}

  /** Idempotent by order: the same order gets the same shipment. */
  async createShipment(request: unknown): Promise<object> {
    const result = booking.safeParse(request);
    if (!result.success) throw clientFault('InvalidAddress', z.prettifyError(result.error));
    const { orderId, recipient } = result.data;
    const { postalCode } = recipient;
    if (postalCode === FAULTS.invalidAddress) {
      throw clientFault('InvalidAddress', `The carrier does not know the postal code ${postalCode}.`);
    }
    const attempt =
      postalCode === FAULTS.lateAnswer || postalCode === FAULTS.serverError ? this.#attempt(orderId) : 0;
    if (postalCode === FAULTS.serverError && attempt <= FAILED_ATTEMPTS) {
      throw serverFault('Internal', 'The carrier has a problem of its own.');
    }
    const deliveredAt = (await this.ledger.get(orderId))
      ? undefined
      : await this.deliveries.schedule(orderId);
    const { item, created } = await this.ledger.getOrCreate(orderId, () =>
      newShipment(result.data, deliveredAt ?? new Date()),
    );
    if (created) await this.byTrackingNumber.getOrCreate(item.trackingNumber, () => orderId);
    if (postalCode === FAULTS.lateAnswer && attempt === 1) await sleep(this.lateAnswer);
    return {
      shipmentReference: item.shipmentReference,
      trackingNumber: item.trackingNumber,
      carrier: 'Mock Parcel',
    };
  }

  async getTracking({ trackingNumber }: { trackingNumber: string }): Promise<object> {
    const orderId = await this.byTrackingNumber.get(trackingNumber);
    const shipment = orderId === undefined ? undefined : await this.ledger.get(orderId);
    if (!shipment) throw clientFault('NotFound', `There is no shipment ${trackingNumber}.`);
    const delivered = isDelivered(shipment);
    return {
      trackingNumber,
      status: delivered ? 'DELIVERED' : shipment.status,
      updatedAt: delivered ? shipment.deliveredAt : shipment.updatedAt,
    };
  }

  /** What was delivered, oldest first. Whoever follows `nextCursor` misses none. */
  async getDeliveries(request: unknown): Promise<object> {
    const result = deliveriesRequest.safeParse(request);
    if (!result.success) throw clientFault('InvalidRequest', z.prettifyError(result.error));
    const { cursor, limit } = result.data;
    const { deliveries, nextCursor } = await this.deliveries.list(cursor, limit);
    const delivery: object[] = [];
    for (const { orderId, deliveredAt } of deliveries) {
      const shipment = await this.ledger.get(orderId);
      // One that was voided meanwhile, or whose booking was interrupted and then made anew, is not this delivery.
      if (shipment?.status !== 'BOOKED' || shipment.deliveredAt !== deliveredAt.toISOString()) continue;
      delivery.push({
        orderId,
        trackingNumber: shipment.trackingNumber,
        deliveredAt: shipment.deliveredAt,
      });
    }
    return { delivery, nextCursor };
  }

  /** Idempotent: a shipment that is void stays void. One that was delivered cannot be taken back. */
  async voidShipment({ orderId }: { orderId: string }): Promise<object> {
    const shipment = await this.ledger.get(orderId);
    if (!shipment) throw clientFault('NotFound', `There is no shipment of the order ${orderId}.`);
    if (isDelivered(shipment))
      throw clientFault('AlreadyDelivered', `The shipment was delivered at ${shipment.deliveredAt}.`);
    if (shipment.status !== 'VOIDED') {
      await this.ledger.replace(orderId, {
        ...shipment,
        status: 'VOIDED',
        updatedAt: new Date().toISOString(),
      });
    }
    return { trackingNumber: shipment.trackingNumber, status: 'VOIDED' };
  }

  #attempt(orderId: string): number {
    const attempt = (this.#attempts.get(orderId) ?? 0) + 1;
    this.#attempts.set(orderId, attempt);
    return attempt;
  }
}

const isDelivered = ({ status, deliveredAt }: CarrierShipment): boolean =>
  status === 'BOOKED' && Date.parse(deliveredAt) < Date.now();

function newShipment(request: z.infer<typeof booking>, deliveredAt: Date): CarrierShipment {
  const digits = BigInt(`0x${request.orderId.replaceAll(/[^0-9a-f]/g, '') || '0'}`) % 10n ** 18n;
  const number = digits.toString().padStart(18, '0');
  const now = new Date().toISOString();
  return {
    ...request,
    shipmentReference: `SHP-${request.orderId}`,
    trackingNumber: `MP${number}${request.recipient.country}`,
    status: 'BOOKED',
    deliveredAt: deliveredAt.toISOString(),
    createdAt: now,
    updatedAt: now,
  };
}
