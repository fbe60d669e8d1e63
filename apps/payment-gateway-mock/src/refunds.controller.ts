import { createHash } from 'node:crypto';
import { Body, Controller, Get, Headers, HttpCode, Inject, Post, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { give } from './answer.js';
import { BEHAVIOURS, disturbanceOf } from './behaviour.js';
import { GATEWAY_CONFIG, type GatewayConfig } from './gateway-environment.js';
import { CHARGES, REFUNDS, type ChargeLedger, type RefundLedger } from './ledgers.js';
import { refundRequest, refundSchema, type Refund, type RefundRequest } from './refund.js';
import { refuse } from './refusal.js';

const page = z.strictObject({
  charge: z.string().optional().describe('Only the refund of this charge'),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  after: z.string().optional().describe('nextCursor of the page before'),
});

@ApiTags('refunds')
@Controller('v1/refunds')
export class RefundsController {
  /** Requests so far, by charge. */
  readonly #requests = new Map<string, number>();

  constructor(
    @Inject(CHARGES) private readonly charges: ChargeLedger,
    @Inject(REFUNDS) private readonly refunds: RefundLedger,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
  ) {}

  @Post()
  @HttpCode(201)
  @ApiOperation({ summary: 'Give a charge back, once; idempotent by Idempotency-Key' })
  @ApiHeader({ name: 'Idempotency-Key', required: true })
  @ApiResponse({ status: 201, description: 'Refunded', standardSchema: refundSchema })
  @ApiResponse({ status: 200, description: 'Refunded before with this key', standardSchema: refundSchema })
  @ApiResponse({ status: 404, description: 'There is no such charge' })
  @ApiResponse({ status: 422, description: 'Not the whole charge, or refunded before with another key' })
  async refund(
    @Body({ schema: refundRequest }) request: RefundRequest,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    if (!idempotencyKey)
      return refuse(reply, 400, 'missing_idempotency_key', 'The header Idempotency-Key is missing.');
    const charge = await this.#chargeOf(request);
    if (!charge) return refuse(reply, 404, 'no_such_charge', `There is no charge ${request.charge}.`);
    if (charge.status !== 'succeeded' || charge.amount !== request.amount) {
      return refuse(
        reply,
        422,
        'amount_mismatch',
        'Only the whole amount of a charge that succeeded is given back.',
      );
    }
    const met = disturbanceOf(BEHAVIOURS.get(charge.source)?.refund, this.#request(charge.id));
    if (met && !met.isDone) {
      const answer = await give(met.answer, reply, this.config.LATE_ANSWER_MS);
      return answer ?? refuse(reply, 500, 'internal_error', 'The gateway has a problem of its own.');
    }

    // By charge: a charge is given back once, whatever the key.
    const { item: refund, created } = await this.refunds.getOrCreate(charge.id, () => ({
      id: `re_${createHash('sha256').update(charge.id).digest('hex').slice(0, 24)}`,
      ...request,
      currency: charge.currency,
      idempotencyKey,
      createdAt: new Date().toISOString(),
    }));
    if (refund.idempotencyKey !== idempotencyKey)
      return refuse(reply, 422, 'already_refunded', `The charge ${charge.id} was given back before.`);
    if (met) {
      const answer = await give(met.answer, reply, this.config.LATE_ANSWER_MS);
      if (answer !== undefined) return answer;
    }
    if (!created) void reply.status(200);
    const { idempotencyKey: _key, ...shown } = refund;
    return shown;
  }

  @Get()
  @ApiOperation({ summary: "The gateway's own books" })
  async all(@Query({ schema: page }) { charge, limit, after }: z.infer<typeof page>) {
    const entries = charge === undefined ? await this.refunds.page(limit, after) : await this.#of(charge);
    const last = entries.at(-1);
    return {
      refunds: entries.map(([, { idempotencyKey: _key, ...refund }]): Refund => refund),
      ...(last && entries.length === limit && { nextCursor: last[0] }),
    };
  }

  async #of(charge: string): Promise<[string, Refund & { idempotencyKey: string }][]> {
    const refund = await this.refunds.get(charge);
    return refund ? [[charge, refund]] : [];
  }

  #request(charge: string): number {
    const request = (this.#requests.get(charge) ?? 0) + 1;
    this.#requests.set(charge, request);
    return request;
  }

  async #chargeOf({ reference, charge }: RefundRequest) {
    const entries = await this.charges.page(100, `${reference}/`);
    return entries.map(([, item]) => item).find(({ id }) => id === charge);
  }
}
