import { Body, Controller, Get, Post, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Reconciliation } from './reconciliation.js';
import type { Report } from './reconciliation.repository.js';

const wanted = z
  .strictObject({
    all: z.boolean().default(false).describe('Compare everything, not only what is newer than 90 days'),
  })
  .default({ all: false })
  .meta({ id: 'Reconcile' });

const reportView = z
  .object({
    status: z.string().describe('never, running or finished'),
    startedAt: z.string().optional(),
    finishedAt: z.string().optional(),
    since: z.string().optional().describe('Entries from this moment on are compared; absent for all'),
    listing: z.string().optional().describe('What is compared at this moment'),
    counts: z
      .record(z.string(), z.number())
      .describe('What was compared, found and repaired. Repairs follow answers, and may still come'),
    failures: z.number().describe('Consecutive failures of the page that is due'),
    error: z.string().optional(),
  })
  .meta({ id: 'Reconciliation' });
type ReportView = z.infer<typeof reportView>;

@ApiTags('reconcile')
@Controller('reconcile')
export class ReconciliationController {
  constructor(private readonly reconciliation: Reconciliation) {}

  @Post()
  @ApiOperation({
    summary: 'Compare what is stored with the orders and the partners, and repair; one run at a time',
  })
  @ApiResponse({ status: 202, description: 'Started', standardSchema: reportView })
  @ApiResponse({ status: 200, description: 'A run is in progress: its report', standardSchema: reportView })
  async start(
    @Body({ schema: wanted }) { all }: z.infer<typeof wanted>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReportView> {
    const { started, report } = await this.reconciliation.start(all);
    void reply.status(started ? 202 : 200);
    return viewOf(report);
  }

  @Get()
  @ApiOperation({ summary: 'The report of the run in progress or the last one' })
  @ApiResponse({ status: 200, standardSchema: reportView })
  async show(): Promise<ReportView> {
    return viewOf(await this.reconciliation.report());
  }
}

const viewOf = ({
  status,
  startedAt,
  finishedAt,
  since,
  listing,
  counts,
  failures,
  error,
}: Report): ReportView => ({
  status,
  ...(startedAt && { startedAt: startedAt.toISOString() }),
  ...(finishedAt && { finishedAt: finishedAt.toISOString() }),
  ...(since && { since: since.toISOString() }),
  ...(listing && { listing }),
  counts,
  failures,
  ...(error && { error }),
});
