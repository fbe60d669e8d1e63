import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Body, Controller, Get, Headers, HttpCode, Inject, Post, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import {
  behaviourOf,
  chargeRequest,
  chargeSchema,
  TOKENS,
  type Charge,
  type ChargeRequest,
} from './charge.js';
import { GATEWAY_CONFIG, type GatewayConfig } from './gateway-environment.js';
import { CHARGES, type ChargeLedger } from './ledgers.js';
import { refuse, type ErrorBody } from './refusal.js';

const page = z.strictObject({
  reference: z.string().optional().describe('Only the charges of this reference'),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  after: z.string().optional().describe('nextCursor of the page before'),
});

/** Keys of the ledger: reference and idempotency key, so that one order's charges lie together. */
const ledgerKey = (reference: string, idempotencyKey: string): string => `${reference}/${idempotencyKey}`;

@ApiTags('charges')
@Controller('v1/charges')
export class ChargesController {
  /** Attempts so far of requests that are to fail at first. */
  readonly #attempts = new Map<string, number>();

  constructor(
    @Inject(CHARGES) private readonly ledger: ChargeLedger,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
  ) {}

  @Post()
  @HttpCode(201)
  @ApiOperation({ summary: 'Charge; idempotent by Idempotency-Key' })
  @ApiHeader({ name: 'Idempotency-Key', required: true })
  @ApiResponse({ status: 201, description: 'Charged', standardSchema: chargeSchema })
  @ApiResponse({ status: 200, description: 'Charged before with this key', standardSchema: chargeSchema })
  @ApiResponse({ status: 402, description: 'Declined' })
  @ApiResponse({ status: 422, description: 'The key was used for another charge' })
  async charge(
    @Body({ schema: chargeRequest }) request: ChargeRequest,
    @Headers('idempotency-key') idempotencyKey: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Charge | ErrorBody> {
    if (!idempotencyKey)
      return refuse(reply, 400, 'missing_idempotency_key', 'The header Idempotency-Key is missing.');
    const behaviour = behaviourOf(request.source);
    if (!behaviour) {
      return refuse(
        reply,
        400,
        'unknown_token',
        `Unknown token ${request.source}. Known: ${TOKENS.join(', ')}.`,
      );
    }
    const key = ledgerKey(request.reference, idempotencyKey);
    if (behaviour.kind === 'error' && this.#attempt(key) <= behaviour.attempts) {
      return refuse(reply, 500, 'internal_error', 'The gateway has a problem of its own.');
    }
    const { item: charge, created } = await this.ledger.getOrCreate(key, () => ({
      id: `ch_${createHash('sha256').update(key).digest('hex').slice(0, 24)}`,
      ...request,
      ...(behaviour.kind === 'decline'
        ? { status: 'declined', code: behaviour.code, message: behaviour.message }
        : { status: 'succeeded' }),
      createdAt: new Date().toISOString(),
    }));
    if (
      charge.amount !== request.amount ||
      charge.currency !== request.currency ||
      charge.source !== request.source
    ) {
      return refuse(reply, 422, 'idempotency_key_reused', 'The Idempotency-Key was used for another charge.');
    }
    if (behaviour.kind === 'late' && this.#attempt(key) <= behaviour.attempts)
      await sleep(this.config.LATE_ANSWER_MS);
    if (charge.status === 'declined') return refuse(reply, 402, charge.code ?? '', charge.message ?? '');
    if (!created) void reply.status(200);
    return charge;
  }

  @Get()
  @ApiOperation({ summary: "The gateway's own books" })
  async charges(
    @Query({ schema: page }) { reference, limit, after }: z.infer<typeof page>,
  ): Promise<{ charges: Charge[]; nextCursor?: string }> {
    const from = after ?? (reference === undefined ? undefined : `${reference}/`);
    const entries = (await this.ledger.page(limit, from)).filter(
      ([, charge]) => reference === undefined || charge.reference === reference,
    );
    const last = entries.at(-1);
    return {
      charges: entries.map(([, charge]) => charge),
      ...(last && entries.length === limit && { nextCursor: last[0] }),
    };
  }

  #attempt(key: string): number {
    const attempt = (this.#attempts.get(key) ?? 0) + 1;
    this.#attempts.set(key, attempt);
    return attempt;
  }
}
