import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { PermanentError } from '@orderbridge/messaging';
import {
  addressOf,
  callPartner,
  parseRetryAfter,
  PartnerUnavailableError,
  type PartnerCall,
  type TracedItem,
} from '@orderbridge/work-items';
import { Pool } from 'undici';
import { z } from 'zod';
import type { ChargeDecision } from '../domain/payment.js';
import type { ChargeItem } from '../storage/payment.repository.js';
import type { RefundItem } from '../storage/refund.repository.js';
import {
  charge,
  chargePage,
  decisionOf,
  listedCharge,
  listedRefund,
  pageOf,
  problem,
  refund,
  refundPage,
  refusal,
  type GatewayCharge,
  type GatewayRefund,
  type ListedCharge,
  type ListedRefund,
} from './gateway-answers.js';
import { readAnswer, UnreadableAnswerError } from './read-answer.js';

/** Statuses by which the gateway refuses a charge, in its own form. */
const REFUSES_CHARGE = new Set([400, 402, 422]);
/** Statuses by which the gateway refuses a refund, in its own form. */
const REFUSES_REFUND = new Set([400, 402, 404, 422]);

/** Statuses of a gateway that takes nothing from anybody at the moment. */
const ABOUT_NO_ITEM = new Set([429, 503]);

const MAX_ANSWER_BYTES = 64 * 1_024;
const MAX_PAGE_BYTES = 4 * 1_024 * 1_024;
/** Of a page of a list. */
const PAGE = 200;

/** Errors of a connection that was never made: the request has had no effect, and it is not about the item. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** The gateway did not decide: it did not answer, or not in its own form, or had an error of its own. */
export class GatewayUnavailableError extends PartnerUnavailableError {
  override readonly name = 'GatewayUnavailableError';
}

/** The gateway refuses a refund permanently. */
export class RefundRefusedError extends PermanentError {
  override readonly name = 'RefundRefusedError';
}

/** A key of the gateway was used for another charge: what it led to has to be looked up. */
export const KEY_REUSED = 'idempotency_key_reused';

export interface GatewayPage<Item> {
  readonly items: readonly Item[];
  /** Undefined at the end. */
  readonly nextCursor: string | undefined;
}

/** What is to be given back: the whole of a charge. */
type RefundTerms = Pick<RefundItem, 'chargeId' | 'amount'>;

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfterMs: number | undefined;
}

/**
 * Speaks the payment gateway's REST API. Every attempt of a charge carries the same `Idempotency-Key`, so that a charge
 * whose answer was lost is not made twice. Answers are bounded, and only what has the gateway's own form is believed: an
 * answer of a proxy in between says nothing.
 */
@Injectable()
export class PaymentGatewayClient implements OnApplicationShutdown {
  readonly #logger = new Logger(PaymentGatewayClient.name);
  readonly #pool: Pool;
  readonly #address: PartnerCall['attributes'];

  constructor(
    url: string,
    /** Milliseconds after which a request counts as failed. */
    private readonly timeoutMs: number,
    connections: number,
  ) {
    this.#pool = new Pool(url, { connections, pipelining: 1, keepAliveTimeout: 30_000 });
    this.#address = addressOf(url);
  }

  /**
   * @param key the idempotency key.
   * @throws GatewayUnavailableError when the gateway did not decide.
   */
  async charge(item: ChargeItem, key: string): Promise<ChargeDecision> {
    const { orderId, amount, currency, paymentToken } = item;
    const request = { amount, currency, source: paymentToken, reference: orderId };
    const { status, body, retryAfterMs } = await this.#post(item, '/v1/charges', key, request);
    if (status === 200 || status === 201) {
      const made = chargeFor(item, valid(charge, body));
      const decision = decisionOf(made);
      if (decision) return decision;
    }
    const answer = problem.safeParse(body);
    if (answer.success && REFUSES_CHARGE.has(status)) return refusal(answer.data.code, answer.data.message);
    throw unavailable(status, retryAfterMs);
  }

  /**
   * What a key led to; undefined when nothing was done under it.
   *
   * @throws GatewayUnavailableError when the gateway does not say.
   */
  async chargeByKey(item: ChargeItem, key: string): Promise<GatewayCharge | undefined> {
    const path = `/v1/charges/by-key/${encodeURIComponent(key)}`;
    const { status, body, retryAfterMs } = await this.#get(item, '/v1/charges/by-key/{key}', path);
    if (status === 200) return chargeFor(item, valid(charge, body));
    if (status === 404 && problem.safeParse(body).data?.code === 'no_such_charge') return undefined;
    throw unavailable(status, retryAfterMs);
  }

  /**
   * Everything that was charged for an order, under whatever keys.
   *
   * @throws GatewayUnavailableError when the gateway does not say.
   */
  async chargesOf(item: TracedItem): Promise<ListedCharge[]> {
    const path = `/v1/charges?limit=${PAGE}&reference=${encodeURIComponent(item.orderId)}`;
    const { status, body, retryAfterMs } = await this.#get(item, '/v1/charges', path);
    if (status !== 200) throw unavailable(status, retryAfterMs);
    return valid(chargePage, body).charges.filter(({ reference }) => reference === item.orderId);
  }

  /**
   * Gives back the whole of a charge.
   *
   * @returns the gateway's id of the refund.
   * @throws GatewayUnavailableError when the gateway did not decide.
   * @throws RefundRefusedError when it refuses.
   */
  async refund(item: RefundItem): Promise<string> {
    const { refundKey, chargeId, orderId, amount } = item;
    const request = { charge: chargeId, amount, reference: orderId };
    const { status, body, retryAfterMs } = await this.#post(item, '/v1/refunds', refundKey, request);
    if (status === 200 || status === 201) return refundFor(item, valid(refund, body)).id;
    const answer = problem.safeParse(body);
    const isRefusal =
      answer.success &&
      REFUSES_REFUND.has(status) &&
      (status !== 404 || answer.data.code === 'no_such_charge');
    if (isRefusal)
      throw new RefundRefusedError(`The payment gateway did not refund ${chargeId}: ${answer.data.message}`);
    throw unavailable(status, retryAfterMs);
  }

  /**
   * The gateway's id of the refund of a charge, the last one where several add up to the whole; undefined when nothing was
   * given back, or a part only.
   *
   * @throws GatewayUnavailableError when the gateway does not say.
   */
  async refundOf(item: TracedItem & RefundTerms): Promise<string | undefined> {
    const path = `/v1/refunds?limit=${PAGE}&charge=${encodeURIComponent(item.chargeId)}`;
    const { status, body, retryAfterMs } = await this.#get(item, '/v1/refunds', path);
    if (status !== 200) throw unavailable(status, retryAfterMs);
    const made = valid(refundPage, body).refunds.filter(({ charge: of }) => of === item.chargeId);
    const givenBack = made.reduce((sum, { amount }) => sum + amount, 0);
    return givenBack < item.amount ? undefined : made.at(-1)?.id;
  }

  /** A page of all charges, after the cursor of the page before. One that cannot be used is left out, and logged. */
  charges(after: string | undefined): Promise<GatewayPage<ListedCharge>> {
    return this.#page('charges', listedCharge, after);
  }

  /** A page of all refunds, after the cursor of the page before. One that cannot be used is left out, and logged. */
  refunds(after: string | undefined): Promise<GatewayPage<ListedRefund>> {
    return this.#page('refunds', listedRefund, after);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#pool.close();
  }

  async #page<Entry>(
    name: 'charges' | 'refunds',
    schema: z.ZodType<Entry>,
    after: string | undefined,
  ): Promise<GatewayPage<Entry>> {
    const cursor = after === undefined ? '' : `&after=${encodeURIComponent(after)}`;
    const path = `/v1/${name}?limit=${PAGE}${cursor}`;
    const { status, body, retryAfterMs } = await this.#request('GET', path, {}, MAX_PAGE_BYTES);
    if (status !== 200) throw unavailable(status, retryAfterMs);
    const { entries, nextCursor } = valid(pageOf(name), body);
    const items: Entry[] = [];
    for (const entry of entries) {
      const { success, data, error } = schema.safeParse(entry);
      if (success) items.push(data);
      else
        this.#logger.error({
          list: name,
          id: z.object({ id: z.string().max(255) }).safeParse(entry).data?.id,
          message: `An entry of the gateway's cannot be used: ${z.prettifyError(error).slice(0, 500)}`,
        });
    }
    return { items, nextCursor };
  }

  #post(item: TracedItem, path: string, idempotencyKey: string, body: object): Promise<Answer> {
    return this.#traced(item, 'POST', path, (headers, answered) =>
      this.#request(
        'POST',
        path,
        { ...headers, 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
        MAX_ANSWER_BYTES,
        JSON.stringify(body),
        answered,
      ),
    );
  }

  #get(item: TracedItem, template: string, path: string): Promise<Answer> {
    return this.#traced(item, 'GET', template, (headers, answered) =>
      this.#request('GET', path, headers, MAX_PAGE_BYTES, undefined, answered),
    );
  }

  #traced<Result>(
    item: TracedItem,
    method: string,
    template: string,
    call: Parameters<typeof callPartner<Result>>[2],
  ): Promise<Result> {
    const attributes = { ...this.#address, 'http.request.method': method, 'url.template': template };
    return callPartner(item, { name: `${method} ${template}`, attributes }, call);
  }

  /** An answer that is not the gateway's JSON has no body: that is for the caller to judge by its status. */
  async #request(
    method: 'GET' | 'POST',
    path: string,
    headers: Record<string, string>,
    maxBytes: number,
    body?: string,
    answered: (status: number) => void = () => undefined,
  ): Promise<Answer> {
    try {
      const response = await this.#pool.request({
        method,
        path,
        headers: { accept: 'application/json', ...headers },
        ...(body !== undefined && { body }),
        signal: AbortSignal.timeout(this.timeoutMs),
      });
      answered(response.statusCode);
      const retryAfterMs = parseRetryAfter(response.headers['retry-after']);
      const answer = await readAnswer(response, maxBytes).catch((error: unknown) => {
        if (error instanceof UnreadableAnswerError && response.statusCode >= 400) return undefined;
        throw error;
      });
      return { status: response.statusCode, body: answer, retryAfterMs };
    } catch (error) {
      const { message, code } = error as Error & { code?: string };
      throw new GatewayUnavailableError(`The payment gateway did not answer: ${message}`, {
        cause: error,
        mayBeItem: !NOT_CONNECTED.has(code ?? ''),
      });
    }
  }
}

/** @throws GatewayUnavailableError when the answer is not what the gateway answers. */
function valid<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new GatewayUnavailableError(
    `The payment gateway answered what cannot be used: ${issue?.path.join('.')} ${issue?.message}`.slice(
      0,
      500,
    ),
  );
}

/** @throws GatewayUnavailableError when a charge is not the one that is asked for. */
function chargeFor({ orderId, amount, currency }: ChargeItem, made: GatewayCharge): GatewayCharge {
  const isOther =
    (made.reference ?? orderId) !== orderId ||
    (made.amount ?? amount) !== amount ||
    (made.currency ?? currency) !== currency;
  if (isOther) throw new GatewayUnavailableError(`The payment gateway answered another charge, ${made.id}.`);
  return made;
}

/** @throws GatewayUnavailableError when a refund is not the one that is asked for. */
function refundFor({ chargeId, amount }: RefundTerms, made: GatewayRefund): GatewayRefund {
  if ((made.charge ?? chargeId) !== chargeId || (made.amount ?? amount) !== amount)
    throw new GatewayUnavailableError(`The payment gateway answered another refund, ${made.id}.`);
  return made;
}

const unavailable = (status: number, retryAfterMs: number | undefined): GatewayUnavailableError =>
  new GatewayUnavailableError(`The payment gateway answered ${status}.`, {
    retryAfterMs,
    mayBeItem: !ABOUT_NO_ITEM.has(status),
  });
