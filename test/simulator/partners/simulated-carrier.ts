import type { CarrierClient } from '../../../apps/shipping/src/carrier/carrier.client.js';
import type { CarrierDecision } from '../../../apps/shipping/src/domain/shipment.js';
import type { Delivery } from '../../../apps/shipping/src/storage/delivery.repository.js';
import type { BookingItem } from '../../../apps/shipping/src/storage/shipment.repository.js';
import type { Names } from '../names.js';
import type { Public } from '../public.js';
import type { Process } from '../schedule/scheduler.js';
import type { Partner } from './partner.js';

/** The postal code that the carrier does not know. */
export const UNKNOWN_POSTAL_CODE = '00000';

/** The carrier's own books: idempotent by order. */
export class SimulatedCarrier {
  /** By order. */
  readonly labels = new Map<string, { trackingNumber: string; live: boolean; deliveredAt?: Date }>();
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
      getDeliveries: (cursor, limit) =>
        this.partner.call(process, `deliveries after ${cursor}`, () =>
          this.#deliveries(Number(cursor), limit),
        ),
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

  #deliveries(from: number, limit: number): { deliveries: Delivery[]; nextCursor: string } {
    const listed = this.#delivered.slice(from, from + limit);
    const deliveries = listed.map((orderId) => ({
      orderId,
      deliveredAt: this.labels.get(orderId)?.deliveredAt as Date,
    }));
    return { deliveries, nextCursor: listed.length === 0 && from === 0 ? '' : `${from + listed.length}` };
  }

  #book({ orderId, shipTo }: BookingItem): CarrierDecision {
    if (shipTo.postalCode === UNKNOWN_POSTAL_CODE)
      return { booked: false, code: 'InvalidAddress', reason: 'The carrier does not know the postal code.' };
    let label = this.labels.get(orderId);
    if (!label) {
      label = { trackingNumber: `MP${this.labels.size + 1}`, live: true };
      this.labels.set(orderId, label);
      this.changed = true;
    }
    const { trackingNumber } = label;
    return { booked: true, carrier: 'Simulated', carrierReference: `SHP-${trackingNumber}`, trackingNumber };
  }

  #void(orderId: string): void {
    const label = this.labels.get(orderId);
    if (!label) throw new Error(`There is no shipment of the order ${orderId}.`);
    if (label.deliveredAt) throw new Error(`The shipment of the order ${orderId} was delivered.`);
    label.live = false;
    this.changed = true;
  }
}
