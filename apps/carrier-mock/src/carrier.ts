import { setTimeout as sleep } from 'node:timers/promises';
import { Ledger } from '@orderbridge/ledger';
import { z } from 'zod';
import { clientFault, serverFault, type SoapFault } from './carrier-fault.js';
import type { Deliveries } from './deliveries.js';
import { FAULTS, NEVER_BOOKED } from './magic-postal-codes.js';
import { RawAnswer } from './raw-answer.js';

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

const pageRequest = z.object({
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
    const attempt = ATTEMPTS_COUNT.has(postalCode) ? this.#attempt(orderId) : 1;
    const existing = await this.ledger.get(orderId);
    const refusal = refusalOf(postalCode, attempt, existing !== undefined);
    if (refusal) throw refusal;
    const deliveredAt = existing ? undefined : await this.deliveries.schedule(orderId);
    const { item, created } = await this.ledger.getOrCreate(orderId, () =>
      newShipment(result.data, deliveredAt ?? new Date()),
    );
    if (created && item.trackingNumber !== '')
      await this.byTrackingNumber.getOrCreate(item.trackingNumber, () => orderId);
    if (attempt === 1 && IS_LATE.has(postalCode)) await sleep(this.lateAnswer);
    const { shipmentReference, trackingNumber, carrier, status } = viewOf(item);
    return { shipmentReference, trackingNumber, carrier, status };
  }

  /** What there is of an order. */
  async getShipment({ orderId }: { orderId: string }): Promise<object> {
    const shipment = await this.ledger.get(orderId);
    if (!shipment) throw clientFault('NotFound', `There is no shipment of the order ${orderId}.`);
    return { shipment: viewOf(shipment) };
  }

  /** All shipments by order id. Whoever follows `nextCursor` until it is empty sees each that was there at the beginning. */
  async listShipments(request: unknown): Promise<object> {
    const result = pageRequest.safeParse(request);
    if (!result.success) throw clientFault('InvalidRequest', z.prettifyError(result.error));
    const { cursor, limit } = result.data;
    const entries = await this.ledger.page(limit, cursor);
    return {
      shipment: entries.map(([, shipment]) => viewOf(shipment)),
      nextCursor: entries.length === limit ? entries.at(-1)?.[0] : '',
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
    const result = pageRequest.safeParse(request);
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
        deliveredAt: shownDelivery(shipment),
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
    if (shipment.recipient.postalCode === FAULTS.refusesVoid)
      throw clientFault('VoidRefused', 'The parcel has left the depot.');
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

const IS_LATE: ReadonlySet<string> = new Set([FAULTS.lateAnswer, FAULTS.lateThenRefused]);
const ATTEMPTS_COUNT: ReadonlySet<string> = new Set([...IS_LATE, FAULTS.serverError, FAULTS.retryAfter]);

/** What is answered to a booking instead of a label. */
function refusalOf(
  postalCode: string,
  attempt: number,
  isBooked: boolean,
): SoapFault | RawAnswer | undefined {
  if (postalCode === FAULTS.invalidAddress || (postalCode === FAULTS.lateThenRefused && isBooked))
    return clientFault('InvalidAddress', `The carrier does not know the postal code ${postalCode}.`);
  if (postalCode === FAULTS.serverError && attempt <= FAILED_ATTEMPTS)
    return serverFault('Internal', 'The carrier has a problem of its own.');
  if (postalCode === FAULTS.retryAfter && attempt === 1)
    return new RawAnswer(503, { 'retry-after': '2' }, Buffer.from('Busy'));
  return Object.hasOwn(NEVER_BOOKED, postalCode) ? NEVER_BOOKED[postalCode]?.() : undefined;
}

/** A shipment as getShipment and listShipments show it. */
function viewOf(shipment: CarrierShipment) {
  const { orderId, shipmentReference, trackingNumber, status } = shipment;
  const shown = { orderId, shipmentReference, trackingNumber, carrier: 'Mock Parcel' };
  return isDelivered(shipment)
    ? { ...shown, status: 'DELIVERED', deliveredAt: shownDelivery(shipment) }
    : { ...shown, status };
}

function shownDelivery({ recipient: { postalCode }, deliveredAt }: CarrierShipment): string {
  if (postalCode === FAULTS.emptyDate) return '';
  return postalCode === FAULTS.farOffDate ? '9999-12-31T23:59:59Z' : deliveredAt;
}

function trackingNumberOf({ orderId, recipient: { postalCode, country } }: z.infer<typeof booking>): string {
  if (postalCode === FAULTS.emptyTrackingNumber) return '';
  if (postalCode === FAULTS.longTrackingNumber) return 'M'.repeat(10_000);
  const digits = BigInt(`0x${orderId.replaceAll(/[^0-9a-f]/g, '') || '0'}`) % 10n ** 18n;
  return `MP${digits.toString().padStart(18, '0')}${country}`;
}

const isDelivered = ({ status, deliveredAt }: CarrierShipment): boolean =>
  status === 'BOOKED' && Date.parse(deliveredAt) < Date.now();

function newShipment(request: z.infer<typeof booking>, deliveredAt: Date): CarrierShipment {
  const now = new Date().toISOString();
  return {
    ...request,
    shipmentReference: `SHP-${request.orderId}`,
    trackingNumber: trackingNumberOf(request),
    status: 'BOOKED',
    deliveredAt: deliveredAt.toISOString(),
    createdAt: now,
    updatedAt: now,
  };
}
