import { ItemFailedError, PartnerUnavailableError } from '@orderbridge/work-items';
import type { CarrierLabel } from '../../../apps/shipping/src/carrier/carrier-answers.js';
import type { CarrierClient, Page, VoidRefusal } from '../../../apps/shipping/src/carrier/carrier.client.js';
import { RequestFaultedError } from '../../../apps/shipping/src/carrier/request-faulted.error.js';
import type { CarrierDecision } from '../../../apps/shipping/src/domain/shipment.js';
import type { Delivery } from '../../../apps/shipping/src/storage/delivery.repository.js';
import type { BookingItem } from '../../../apps/shipping/src/storage/shipment.repository.js';
import type { Names } from '../names.js';
import type { Public } from '../public.js';
import type { Process } from '../schedule/scheduler.js';
import type { Partner } from './partner.js';

/** The postal code that the carrier does not know. */
export const UNKNOWN_POSTAL_CODE = '00000';
/** Postal codes of orders for which the carrier does something of its own. */
export const CARRIER_FAULTS = {
  /** Faults the request, always. */
  poison: '99400',
  /** Books, and refuses to void. */
  refusesVoid: '99403',
  /** Books, loses its answer, and refuses the address from then on. */
  doubtful: '99409',
  /** Books, and answers what cannot be used. */
  forged: '99602',
} as const;

interface Label {
  readonly trackingNumber: string;
  readonly postalCode: string;
  live: boolean;
  deliveredAt?: Date;
}

/** The carrier's own ledger: idempotent by order. */
export class SimulatedCarrier {
  /** By order. */
  readonly labels = new Map<string, Label>();
  /** Orders, in the order of their delivery. */
  readonly #delivered: string[] = [];
  changed = true;

  constructor(
    private readonly partner: Partner,
    private readonly names: Names,
  ) {}

  /** The way of one process to the carrier. */
  client(process: Process): Public<CarrierClient> {
    return {
      createShipment: (item) =>
        this.partner.call(process, `book ${this.names.of(item.orderId)}`, () => this.#book(item)),
      voidShipment: ({ orderId }) =>
        this.partner.call(process, `void ${this.names.of(orderId)}`, () => this.#void(orderId)),
      getShipment: ({ orderId }) =>
        this.partner.call(process, `look up ${this.names.of(orderId)}`, () => this.#labelOf(orderId)),
      getDeliveries: (cursor, limit) =>
        this.partner.call(process, `deliveries after ${cursor}`, () =>
          this.#deliveries(Number(cursor), limit),
        ),
      listShipments: (cursor, limit) =>
        this.partner.call(process, `shipments after ${cursor}`, () => {
          const all = [...this.labels.keys()].toSorted().filter((orderId) => orderId > cursor);
          const listed = all.slice(0, limit);
          const entries = listed.map((orderId) => ({
            orderId,
            ...(this.#labelOf(orderId) as CarrierLabel),
          }));
          return {
            entries,
            listed: listed.length,
            nextCursor: listed.length === limit ? (listed.at(-1) ?? '') : '',
          };
        }),
      onApplicationShutdown: () => Promise.resolve(),
    };
  }

  /** The parcel of an order reaches its customer. */
  deliver(orderId: string): void {
    const label = this.labels.get(orderId);
    if (!label?.live || label.deliveredAt) return;
    label.deliveredAt = new Date();
    this.#delivered.push(orderId);
  }

  #deliveries(from: number, limit: number): Page<Delivery> {
    const listed = this.#delivered.slice(from, from + limit);
    const entries = listed.map((orderId) => ({
      orderId,
      deliveredAt: this.labels.get(orderId)?.deliveredAt as Date,
    }));
    const nextCursor = listed.length === 0 && from === 0 ? '' : `${from + listed.length}`;
    return { entries, listed: listed.length, nextCursor };
  }

  #book({ orderId, shipTo: { postalCode } }: BookingItem): CarrierDecision {
    const existing = this.labels.get(orderId);
    if (postalCode === CARRIER_FAULTS.poison)
      throw new RequestFaultedError('The request cannot be understood.');
    if (postalCode === UNKNOWN_POSTAL_CODE || (postalCode === CARRIER_FAULTS.doubtful && existing))
      return { booked: false, code: 'InvalidAddress', reason: 'The carrier does not know the postal code.' };
    if (!existing) {
      this.labels.set(orderId, { trackingNumber: `MP${this.labels.size + 1}`, postalCode, live: true });
      this.changed = true;
    }
    if (postalCode === CARRIER_FAULTS.doubtful)
      throw new PartnerUnavailableError('simulated: the connection broke');
    if (postalCode === CARRIER_FAULTS.forged) throw new ItemFailedError('The answer cannot be used.');
    return { booked: true, ...(this.#labelOf(orderId) as CarrierLabel) };
  }

  #void(orderId: string): VoidRefusal | undefined {
    const label = this.labels.get(orderId);
    if (!label) return { code: 'NotFound', reason: 'There is no shipment of the order.' };
    if (label.deliveredAt) return { code: 'AlreadyDelivered', reason: 'The shipment was delivered.' };
    if (label.postalCode === CARRIER_FAULTS.refusesVoid)
      return { code: 'VoidRefused', reason: 'The parcel has left the depot.' };
    label.live = false;
    this.changed = true;
    return undefined;
  }

  #labelOf(orderId: string): CarrierLabel | undefined {
    const label = this.labels.get(orderId);
    if (!label) return undefined;
    const { trackingNumber, live, deliveredAt } = label;
    return {
      carrier: 'Simulated',
      carrierReference: `SHP-${trackingNumber}`,
      trackingNumber,
      ...(!live && { voided: true as const }),
      ...(deliveredAt && { deliveredAt }),
    };
  }
}
