import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CARRIER_REFUSALS, CARRIER_WSDL } from '@orderbridge/contracts';
import { PermanentError } from '@orderbridge/messaging';
import {
  addressOf,
  callPartner,
  PartnerUnavailableError,
  type PartnerCall,
  type TracedItem,
} from '@orderbridge/work-items';
import { createClientAsync, type Client } from 'soap';
import { z } from 'zod';
import type { CarrierDecision } from '../domain/shipment.js';
import type { Delivery } from '../storage/delivery.repository.js';
import type { BookingItem } from '../storage/shipment.repository.js';
import type { VoidItem } from '../storage/void.repository.js';
import { SoapTransport } from './soap-transport.js';

const created = z.object({ shipmentReference: z.string(), trackingNumber: z.string(), carrier: z.string() });
const delivery = z.object({ orderId: z.string(), deliveredAt: z.coerce.date() });
const deliveries = z.object({
  delivery: z
    .union([z.array(delivery), delivery.transform((one) => [one])])
    .nullish()
    .transform((list) => list ?? []),
  nextCursor: z
    .string()
    .nullish()
    .transform((cursor) => cursor ?? ''),
});
const fault = z.object({
  root: z.object({
    Envelope: z.object({
      Body: z.object({
        Fault: z.object({
          detail: z.object({ carrierFault: z.object({ code: z.string(), message: z.string() }) }),
        }),
      }),
    }),
  }),
});

/** The carrier did not decide: it was away, too slow, or had an error of its own. */
export class CarrierUnavailableError extends PartnerUnavailableError {
  override readonly name = 'CarrierUnavailableError';
}

/** The carrier is well, and refuses for good to take a label back. */
export class VoidRefusedError extends PermanentError {
  override readonly name = 'VoidRefusedError';
}

/**
 * Books with the carrier over SOAP. `createShipment` is idempotent by order, so that a booking whose answer was lost is
 * not made twice.
 */
@Injectable()
export class CarrierClient implements OnApplicationShutdown {
  readonly #transport: SoapTransport;
  readonly #client: Promise<Client>;
  readonly #address: PartnerCall['attributes'];

  /** `timeout` in milliseconds, after which a request counts as failed. */
  constructor(endpoint: string, timeout: number, connections: number) {
    this.#transport = new SoapTransport(endpoint, timeout, connections);
    this.#address = addressOf(endpoint);
    this.#client = createClientAsync(CARRIER_WSDL, { httpClient: this.#transport, endpoint });
  }

  /**
   * @throws CarrierUnavailableError when the carrier did not decide.
   */
  createShipment(item: BookingItem): Promise<CarrierDecision> {
    return this.#call(item, 'createShipment', (traceHeaders) => this.#createShipment(item, traceHeaders));
  }

  /**
   * Takes a label back; one that is void stays void.
   *
   * @throws CarrierUnavailableError when the carrier did not void it; there is no other way than to ask again.
   * @throws VoidRefusedError when it never will.
   */
  voidShipment(item: VoidItem): Promise<void> {
    return this.#call(item, 'voidShipment', async (traceHeaders) => {
      const client = await this.#client;
      try {
        await client['voidShipmentAsync']({ orderId: item.orderId }, {}, traceHeaders);
      } catch (error) {
        const { code, message } = faultOf(error);
        const Refusal = isRefusal(code) ? VoidRefusedError : CarrierUnavailableError;
        throw new Refusal(`The carrier did not void: ${message}`, { cause: error });
      }
    });
  }

  /**
   * What was delivered after the cursor of the answer before, oldest first, at most `limit`.
   *
   * @throws CarrierUnavailableError when the carrier did not answer.
   */
  async getDeliveries(
    cursor: string,
    limit: number,
  ): Promise<{ deliveries: Delivery[]; nextCursor: string }> {
    const client = await this.#client;
    let answer: unknown;
    try {
      [answer] = (await client['getDeliveriesAsync']({ cursor, limit })) as [unknown];
    } catch (error) {
      throw new CarrierUnavailableError(`The carrier did not tell: ${faultOf(error).message}`, {
        cause: error,
      });
    }
    const { delivery: listed, nextCursor } = deliveries.parse(answer);
    return { deliveries: listed, nextCursor };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#transport.close();
  }

  /** In a span; asking for deliveries has none, for it is done all the time and about no order. */
  #call<Result>(
    item: TracedItem,
    operation: string,
    call: (traceHeaders: Record<string, string>) => Promise<Result>,
  ): Promise<Result> {
    const name = `CarrierService/${operation}`;
    const rpc = { 'rpc.system': 'soap', 'rpc.service': 'CarrierService', 'rpc.method': operation };
    return callPartner(item, { name, attributes: { ...this.#address, ...rpc } }, call);
  }

  async #createShipment(
    { orderId, pieces, shipTo }: BookingItem,
    traceHeaders: Record<string, string>,
  ): Promise<CarrierDecision> {
    const client = await this.#client;
    let answer: unknown;
    try {
      const booking = { orderId, pieces, recipient: shipTo };
      [answer] = (await client['createShipmentAsync'](booking, {}, traceHeaders)) as [unknown];
    } catch (error) {
      const { code, message } = faultOf(error);
      if (isRefusal(code)) return { booked: false, code, reason: message };
      throw new CarrierUnavailableError(`The carrier did not book: ${message}`, { cause: error });
    }
    const { shipmentReference, trackingNumber, carrier } = created.parse(answer);
    return { booked: true, carrier, carrierReference: shipmentReference, trackingNumber };
  }
}

/** Whether a fault says that asking again cannot help. */
const isRefusal = (code: string): boolean => CARRIER_REFUSALS.some((refusal) => refusal === code);

/** The carrier's own fault where it sent one, else what went wrong on the way. */
function faultOf(error: unknown): { code: string; message: string } {
  const result = fault.safeParse(error);
  if (result.success) return result.data.root.Envelope.Body.Fault.detail.carrierFault;
  return { code: 'Unavailable', message: error instanceof Error ? error.message : String(error) };
}
