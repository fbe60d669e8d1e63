import { createHash } from 'node:crypto';
import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { give } from './answer.js';
import { BEHAVIOURS, disturbanceOf, type Behaviour } from './behaviour.js';
import { chargeRequest, chargeSchema, type Charge, type ChargeRequest } from './charge.js';
import { GATEWAY_CONFIG, type GatewayConfig } from './gateway-environment.js';
import {
  CHARGE_KEYS,
  CHARGES,
  REFUNDS,
  type ChargeKeyLedger,
  type ChargeLedger,
  type RefundLedger,
} from './ledgers.js';
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
  /** Requests so far, by reference. */
  readonly #requests = new Map<string, number>();

  constructor(
    @Inject(CHARGES) private readonly ledger: ChargeLedger,
    @Inject(CHARGE_KEYS) private readonly keys: ChargeKeyLedger,
    @Inject(REFUNDS) private readonly refunds: RefundLedger,
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
  ): Promise<unknown> {
    if (!idempotencyKey)
      return refuse(reply, 400, 'missing_idempotency_key', 'The header Idempotency-Key is missing.');
    const behaviour = BEHAVIOURS.get(request.source);
    if (!behaviour) {
      const known = [...BEHAVIOURS.keys()].join(', ');
      return refuse(reply, 400, 'unknown_token', `Unknown token ${request.source}. Known: ${known}.`);
    }
    const met = behaviour.charge && disturbanceOf(behaviour.charge, this.#request(request.reference));
    if (met && !met.isDone) {
      const answer = await give(met.answer, reply, this.config.LATE_ANSWER_MS);
      return answer ?? refuse(reply, 500, 'internal_error', 'The gateway has a problem of its own.');
    }
    const { item: charge, created } = await this.#make(request, idempotencyKey, behaviour);
    if (
      charge.reference !== request.reference ||
      charge.amount !== request.amount ||
      charge.currency !== request.currency ||
      charge.source !== request.source
    ) {
      return refuse(reply, 422, 'idempotency_key_reused', 'The Idempotency-Key was used for another charge.');
    }
    if (met) {
      const answer = await give(met.answer, reply, this.config.LATE_ANSWER_MS);
      if (answer !== undefined) return answer;
    }
    if (charge.status === 'failed') return refuse(reply, 500, charge.code ?? '', charge.message ?? '');
    if (charge.status === 'declined') return refuse(reply, 402, charge.code ?? '', charge.message ?? '');
    if (!created) void reply.status(200);
    return created ? charge : this.#shown(charge);
  }

  @Get('by-key/:key')
  @ApiOperation({ summary: 'What an Idempotency-Key led to' })
  @ApiResponse({ status: 200, standardSchema: chargeSchema })
  @ApiResponse({ status: 404, description: 'no_such_charge: nothing was done under the key' })
  async byKey(
    @Param('key') key: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Charge | ErrorBody> {
    const kept = await this.keys.get(key);
    const charge = kept && (await this.ledger.get(kept));
    if (charge) return this.#shown(charge);
    return refuse(reply, 404, 'no_such_charge', `Nothing was done under the key ${key}.`);
  }

  @Get()
  @ApiOperation({ summary: "The gateway's own books, by reference and key" })
  async charges(
    @Query({ schema: page }) { reference, limit, after }: z.infer<typeof page>,
  ): Promise<{ charges: Charge[]; nextCursor?: string }> {
    const from = after ?? (reference === undefined ? undefined : `${reference}/`);
    const entries = (await this.ledger.page(limit, from)).filter(
      ([, charge]) => reference === undefined || charge.reference === reference,
    );
    const last = entries.at(-1);
    return {
      charges: await Promise.all(entries.map(([, charge]) => this.#shown(charge))),
      ...(last && entries.length === limit && { nextCursor: last[0] }),
    };
  }

  /** Makes a charge, or finds what its key led to before, whatever it was for. */
  async #make(request: ChargeRequest, idempotencyKey: string, behaviour: Behaviour) {
    const key = ledgerKey(request.reference, idempotencyKey);
    const kept = await this.keys.get(idempotencyKey);
    const before = kept === undefined || kept === key ? undefined : await this.ledger.get(kept);
    if (before) return { item: before, created: false };
    if (kept === undefined) await this.keys.note(idempotencyKey, key);
    const fails = behaviour.storesError && !(await this.#hasFailed(request.reference));
    return this.ledger.getOrCreate(key, () => ({
      id: `ch_${createHash('sha256').update(key).digest('hex').slice(0, 24)}`,
      ...request,
      idempotencyKey,
      ...statusOf(behaviour, fails ?? false),
      createdAt: new Date().toISOString(),
    }));
  }

  async #hasFailed(reference: string): Promise<boolean> {
    const entries = await this.ledger.page(100, `${reference}/`);
    return entries.some(([, charge]) => charge.reference === reference && charge.status === 'failed');
  }

  async #shown(charge: Charge): Promise<Charge> {
    const refund = await this.refunds.get(charge.id);
    return refund ? { ...charge, refundId: refund.id } : charge;
  }

  #request(reference: string): number {
    const request = (this.#requests.get(reference) ?? 0) + 1;
    this.#requests.set(reference, request);
    return request;
  }
}

function statusOf({ decline }: Behaviour, fails: boolean): Pick<Charge, 'status' | 'code' | 'message'> {
  if (fails)
    return { status: 'failed', code: 'internal_error', message: 'The gateway had a problem of its own.' };
  return decline ? { status: 'declined', ...decline } : { status: 'succeeded' };
}
