import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { id, text } from '@orderbridge/contracts';
import { z } from 'zod';
import { auditEntry, auditView, type AuditEntryView } from '../show-letters/letter-view.js';
import { LetterRepository } from '../storage/letter.repository.js';

const query = z.strictObject({
  letterId: id.optional(),
  operator: text(1_000).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100).describe('Most entries of the page'),
  cursor: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional()
    .describe('nextCursor of the page before'),
});

const auditPage = z
  .object({
    entries: z.array(auditEntry),
    nextCursor: z.string().optional().describe('Give it as cursor to get the next page; absent on the last'),
  })
  .meta({ id: 'AuditPage' });

@ApiTags('audit trail')
@Controller('audit')
export class AuditTrailController {
  constructor(private readonly letters: LetterRepository) {}

  @Get()
  @ApiOperation({ summary: 'Who did what with dead letters, newest first' })
  @ApiResponse({ status: 200, standardSchema: auditPage })
  async page(
    @Query({ schema: query }) { limit, cursor, ...filter }: z.infer<typeof query>,
  ): Promise<{ entries: AuditEntryView[]; nextCursor?: string }> {
    const found = await this.letters.auditTrail(filter, limit + 1, cursor);
    const shown = found.slice(0, limit);
    const last = shown.at(-1);
    return {
      entries: shown.map(auditView),
      ...(found.length > limit && last && { nextCursor: last.number }),
    };
  }
}
