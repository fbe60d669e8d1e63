import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PermanentError } from '@orderbridge/messaging';
import {
  addressOf,
  callPartner,
  PartnerUnavailableError,
  type PartnerCall,
  type TracedItem,
} from '@orderbridge/work-items';
import { Pool } from 'undici';
import { z } from 'zod';
import type { ChargeDecision } from '../domain/payment.js';
import type { ChargeItem } from '../storage/payment.repository.js';
import type { RefundItem } from '../storage/refund.repository.js';

const charge = z.object({
  id: z.string(),
  status: z.enum(['succeeded', 'declined']),
  code: z.string().optional(),
  message: z.string().optional(),
});
const refund = z.object({ id: z.string() });
const problem = z.object({ code: z.string(), message: z.string() });

/** Statuses by which the gateway says that the request itself is wrong: sending it again cannot help. */
const REFUSED = new Set([400, 402, 404, 422]);

/** The gateway did not do what was asked: it was away, too slow, or had an error of its own. */
export class GatewayUnavailableError extends PartnerUnavailableError {
  override readonly name = 'GatewayUnavailableError';
}

/** The gateway is well, and refuses a refund for good. */
export class RefundRefusedError extends PermanentError {
  override readonly name = 'RefundRefusedError';
}

/**
 * Charges through the payment gateway's REST API. Every attempt of a payment carries the same `Idempotency-Key`, so
 * that a charge whose answer was lost is not made twice.
 */
@Injectable()
export class PaymentGatewayClient implements OnApplicationShutdown {
  readonly #pool: Pool;
  readonly #attributes: PartnerCall['attributes'];

  constructor(
    url: string,
    /** Milliseconds after which a request counts as failed. */
    private readonly timeout: number,
    connections: number,
  ) {
    this.#pool = new Pool(url, { connections, pipelining: 1, keepAliveTimeout: 30_000 });
    this.#attributes = { ...addressOf(url), 'http.request.method': 'POST' };
  }

  /**
   * @throws GatewayUnavailableError when the gateway did not decide.
   */
  charge(item: ChargeItem): Promise<ChargeDecision> {
    return this.#charge(item);
  }

  /**
   * Gives back the whole of a charge.
   *
   * @returns the gateway's id of the refund.
   * @throws GatewayUnavailableError when the gateway did not refund; there is no other way than to ask again.
   * @throws RefundRefusedError when it never will.
   */
  refund(item: RefundItem): Promise<string> {
    return this.#refund(item);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#pool.close();
  }

  async #charge(item: ChargeItem): Promise<ChargeDecision> {
    const { id, orderId, amount, currency, paymentToken } = item;
    const { status, body } = await this.#post(item, '/v1/charges', id, {
      amount,
      currency,
      source: paymentToken,
      reference: orderId,
    });
    if (status === 200 || status === 201) {
      const answer = charge.parse(body);
      if (answer.status === 'succeeded') return { approved: true, chargeId: answer.id };
      return refusal(answer.code ?? 'declined', answer.message);
    }
    if (REFUSED.has(status)) {
      const answer = problem.safeParse(body);
      return answer.success ? refusal(answer.data.code, answer.data.message) : refusal(`http_${status}`);
    }
    throw new GatewayUnavailableError(`The payment gateway answered ${status}.`);
  }

  async #refund(item: RefundItem): Promise<string> {
    const { id, chargeId, orderId, amount } = item;
    const { status, body } = await this.#post(item, '/v1/refunds', `refund-${id}`, {
      charge: chargeId,
      amount,
      reference: orderId,
    });
    if (status === 200 || status === 201) return refund.parse(body).id;
    const answer = problem.safeParse(body);
    const reason = answer.success ? answer.data.message : `status ${status}`;
    const message = `The payment gateway did not refund ${chargeId}: ${reason}`;
    throw REFUSED.has(status) ? new RefundRefusedError(message) : new GatewayUnavailableError(message);
  }

  #post(
    item: TracedItem,
    path: string,
    idempotencyKey: string,
    body: object,
  ): Promise<{ status: number; body: unknown }> {
    const attributes = { ...this.#attributes, 'url.template': path };
    return callPartner(item, { name: `POST ${path}`, attributes }, async (traceHeaders, answered) => {
      try {
        const response = await this.#pool.request({
          method: 'POST',
          path,
          headers: { ...traceHeaders, 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
          body: JSON.stringify(body),
          signal: AbortSignal.timeout(this.timeout),
        });
        answered(response.statusCode);
        const text = await response.body.text();
        return { status: response.statusCode, body: text === '' ? undefined : JSON.parse(text) };
      } catch (error) {
        throw new GatewayUnavailableError(`The payment gateway did not answer: ${(error as Error).message}`, {
          cause: error,
        });
      }
    });
  }
}

const refusal = (code: string, reason = 'The payment gateway refused the charge.'): ChargeDecision => ({
  approved: false,
  code,
  reason,
});
