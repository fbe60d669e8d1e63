import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { CARRIER_REFUSALS, CARRIER_WSDL, cleanText, shipTo } from '@orderbridge/contracts';
import { PermanentError } from '@orderbridge/messaging';
import {
  addressOf,
  callPartner,
  ItemFailedError,
  parseRetryAfter,
  PartnerUnavailableError,
  type PartnerCall,
  type TracedItem,
} from '@orderbridge/work-items';
import { createClientAsync, type Client } from 'soap';
import { z } from 'zod';
import type { CarrierDecision } from '../domain/shipment.js';
import type { Delivery } from '../storage/delivery.repository.js';
import type { BookingItem } from '../storage/shipment.repository.js';
import {
  createdAnswer,
  deliveryAnswer,
  foundAnswer,
  pageAnswer,
  shipmentAnswer,
  type FoundShipment,
  type ListedShipment,
} from './carrier-answers.js';
import { RequestFaultedError } from './request-faulted.error.js';
import { headerOf, SoapTransport } from './soap-transport.js';
import { xmlText } from './xml-text.js';

/** A page of one of the carrier's lists. */
export interface Page<Entry> {
  readonly entries: readonly Entry[];
  /** How many entries the carrier listed, those included that cannot be used. */
  readonly listed: number;
  readonly nextCursor: string;
}

/** The carrier refuses to void a label, and will not think better of it. */
export interface VoidRefusal {
  readonly code: string;
  readonly reason: string;
}

const fault = z.object({
  faultcode: z.unknown().optional(),
  faultstring: z.unknown().optional(),
  detail: z.unknown().optional(),
});
const faultError = z.object({ root: z.object({ Envelope: z.object({ Body: z.object({ Fault: fault }) }) }) });
const carrierFault = z.object({
  carrierFault: z.object({ code: z.string().max(100), message: z.string().nullish() }),
});
/** Most characters of what the carrier says that are kept. */
const MAX_REASON = 500;

/** What can be sent as a booking: an old record may hold an address that no carrier can read. */
const booking = z.object({ pieces: z.int().min(1), shipTo });

/**
 * Speaks with the carrier over SOAP. `createShipment` is idempotent by order, so that a booking whose answer was lost is
 * not made twice. Nothing of an answer is believed that was not checked.
 */
@Injectable()
export class CarrierClient implements OnApplicationShutdown {
  readonly #transport: SoapTransport;
  readonly #client: Promise<Client>;
  readonly #address: PartnerCall['attributes'];
  readonly #logger = new Logger(CarrierClient.name);

  /** After `timeoutMs` a request without its whole answer counts as failed. */
  constructor(endpoint: string, timeoutMs: number, connections: number) {
    this.#transport = new SoapTransport(endpoint, timeoutMs, connections);
    this.#address = addressOf(endpoint);
    const options = { httpClient: this.#transport, endpoint, escapeXML: false };
    this.#client = createClientAsync(CARRIER_WSDL, options);
  }

  /**
   * Books; for an order that has a shipment the carrier answers that one.
   *
   * @throws PermanentError when the booking cannot be sent to any carrier.
   * @throws ItemFailedError when this booking fails by itself.
   * @throws PartnerUnavailableError when the carrier did not decide.
   */
  async createShipment(item: BookingItem): Promise<CarrierDecision> {
    const checked = booking.safeParse(item);
    if (!checked.success)
      throw new PermanentError(`The booking cannot be sent: ${z.prettifyError(checked.error)}`);
    const { name, street, postalCode, city, country } = checked.data.shipTo;
    const answer = await this.#ask(item, 'createShipment', {
      orderId: xmlText(item.orderId),
      pieces: checked.data.pieces,
      recipient: {
        name: xmlText(name),
        street: xmlText(street),
        postalCode: xmlText(postalCode),
        city: xmlText(city),
        country: xmlText(country),
      },
    });
    return answer instanceof Refusal
      ? { booked: false, code: answer.code, reason: answer.reason }
      : { booked: true, ...usable(createdAnswer, answer) };
  }

  /**
   * Voids a label; one that is void stays void. Resolves with the refusal when the carrier will not.
   *
   * @throws as `createShipment`.
   */
  async voidShipment(item: TracedItem): Promise<VoidRefusal | undefined> {
    const answer = await this.#ask(item, 'voidShipment', { orderId: xmlText(item.orderId) });
    if (answer instanceof Refusal) return { code: answer.code, reason: answer.reason };
    const { status } = usable(z.object({ status: z.string() }), answer);
    if (status !== 'VOIDED') throw new ItemFailedError('The carrier answered, but did not void.');
    return undefined;
  }

  /**
   * What the carrier has of an order, as far as it can be used; undefined when it has nothing.
   *
   * @throws as `createShipment`.
   */
  async getShipment(item: TracedItem): Promise<FoundShipment | undefined> {
    const answer = await this.#ask(item, 'getShipment', { orderId: xmlText(item.orderId) });
    if (answer instanceof Refusal) return undefined;
    const { orderId, found } = usable(z.object({ shipment: foundAnswer }), answer).shipment;
    if (orderId !== item.orderId) throw new ItemFailedError(`The carrier answered about ${orderId}.`);
    return found;
  }

  /**
   * What was delivered after the cursor of the answer before, oldest first, at most `limit`. An entry that cannot be used is
   * left out: its parcel is found by reconciliation.
   *
   * @throws as `createShipment`.
   */
  getDeliveries(cursor: string, limit: number): Promise<Page<Delivery>> {
    return this.#page('getDeliveries', 'delivery', deliveryAnswer, cursor, limit);
  }

  /** All shipments by order id, after the cursor of the answer before, at most `limit`. Throws as `createShipment`. */
  listShipments(cursor: string, limit: number): Promise<Page<ListedShipment>> {
    return this.#page('listShipments', 'shipment', shipmentAnswer, cursor, limit);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#transport.close();
  }

  async #page<Entry>(
    operation: string,
    name: 'delivery' | 'shipment',
    schema: z.ZodType<Entry>,
    cursor: string,
    limit: number,
  ): Promise<Page<Entry>> {
    const answer = await this.#send(operation, { cursor: xmlText(cursor), limit });
    if (answer instanceof Refusal) throw new ItemFailedError(answer.reason);
    const { entries: listed, nextCursor } = usable(pageAnswer(name), answer);
    const entries: Entry[] = [];
    for (const entry of listed) {
      const { success, data, error } = schema.safeParse(entry);
      if (success) entries.push(data);
      else
        this.#logger.error({
          operation,
          orderId: z.object({ orderId: z.string().max(100) }).safeParse(entry).data?.orderId,
          message: `An entry of the carrier's cannot be used: ${z.prettifyError(error).slice(0, MAX_REASON)}`,
        });
    }
    return { entries, listed: listed.length, nextCursor };
  }

  /** In a span; lists have none, for they are asked for all the time and about no order. */
  #ask(item: TracedItem, operation: keyof typeof CARRIER_REFUSALS, request: object): Promise<unknown> {
    const name = `CarrierService/${operation}`;
    const rpc = { 'rpc.system': 'soap', 'rpc.service': 'CarrierService', 'rpc.method': operation };
    return callPartner(item, { name, attributes: { ...this.#address, ...rpc } }, (traceHeaders) =>
      this.#send(operation, request, traceHeaders, CARRIER_REFUSALS[operation]),
    );
  }

  /** The answer, or a refusal by one of the codes. */
  async #send(
    operation: string,
    request: object,
    headers: Record<string, string> = {},
    refusals: readonly string[] = [],
  ): Promise<unknown> {
    const client = await this.#client;
    try {
      const [answer] = (await client[`${operation}Async`](request, {}, headers)) as [unknown];
      return answer;
    } catch (error) {
      return refusalOf(error, refusals);
    }
  }
}

class Refusal {
  constructor(
    readonly code: string,
    readonly reason: string,
  ) {}
}

/**
 * @throws ItemFailedError when the carrier says that the request is at fault.
 * @throws PartnerUnavailableError for any other failure.
 */
function refusalOf(error: unknown, refusals: readonly string[]): Refusal {
  if (error instanceof PartnerUnavailableError || error instanceof ItemFailedError) throw error;
  const retryAfterMs = parseRetryAfter(retryAfterOf(error));
  const found = faultError.safeParse(error);
  if (!found.success)
    throw new PartnerUnavailableError(`No SOAP answer: ${reasonOf(messageOf(error))}`, {
      cause: error,
      retryAfterMs,
    });
  const { faultcode, faultstring, detail } = found.data.root.Envelope.Body.Fault;
  const own = carrierFault.safeParse(detail).data?.carrierFault;
  const reason = reasonOf(own?.message ?? faultstring);
  if (own && refusals.includes(own.code)) return new Refusal(own.code, reason);
  const code = own?.code ?? 'a SOAP fault';
  if (isClientFault(faultcode))
    throw new RequestFaultedError(`The carrier faults the request, ${code}: ${reason}`);
  throw new PartnerUnavailableError(`The carrier failed, ${code}: ${reason}`, { retryAfterMs });
}

/** SOAP 1.1's `Client` and what is derived from it, by whatever prefix. */
const isClientFault = (faultcode: unknown): boolean =>
  typeof faultcode === 'string' && /^(?:[^:]*:)?Client(?:\.|$)/.test(faultcode);

const messageOf = (error: unknown): unknown =>
  error instanceof Error
    ? error.message
    : z.object({ Fault: fault }).safeParse(error).data?.Fault.faultstring;

const reasonOf = (said: unknown): string =>
  typeof said === 'string' && said !== '' ? cleanText(said, MAX_REASON) : 'no reason';

function retryAfterOf(error: unknown): string | undefined {
  const { response } = (error ?? {}) as { response?: Parameters<typeof headerOf>[0] };
  return response?.headers ? headerOf(response, 'retry-after') : undefined;
}

/** @throws ItemFailedError when an answer is not as the schema says. */
function usable<Answer>(schema: z.ZodType<Answer>, answer: unknown): Answer {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  throw new ItemFailedError(
    `The carrier's answer cannot be used: ${z.prettifyError(result.error).slice(0, MAX_REASON)}`,
  );
}
