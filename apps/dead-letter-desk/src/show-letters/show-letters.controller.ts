import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { id } from '@orderbridge/contracts';
import { z } from 'zod';
import { LetterRepository } from '../storage/letter.repository.js';
import { letterFilter, letterState } from './letter-filter.js';
import {
  letterPage,
  letterView,
  summaryOf,
  viewOf,
  type LetterPage,
  type LetterView,
} from './letter-view.js';
import { unknownLetter } from './unknown-letter.js';

const query = z.strictObject({
  ...letterFilter,
  state: letterState.optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20).describe('Most letters of the page'),
  cursor: z
    .string()
    .regex(/^\d{1,18}$/)
    .optional()
    .describe('nextCursor of the page before'),
});

/** Most of what was done with a letter that is shown beside it. */
const AUDIT = 100;

@ApiTags('dead letters')
@Controller('dead-letters')
export class ShowLettersController {
  constructor(private readonly letters: LetterRepository) {}

  @Get()
  @ApiOperation({ summary: 'Dead letters of both brokers, newest first' })
  @ApiResponse({ status: 200, standardSchema: letterPage })
  async page(
    @Query({ schema: query }) { limit, cursor, ...filter }: z.infer<typeof query>,
  ): Promise<LetterPage> {
    const found = await this.letters.page(filter, limit + 1, cursor);
    const shown = found.slice(0, limit);
    return {
      letters: shown.map(summaryOf),
      ...(found.length > limit && { nextCursor: shown.at(-1)?.number }),
    };
  }

  @Get(':id')
  @ApiOperation({ summary: 'A dead letter with its message, decoded and raw, and what was done with it' })
  @ApiResponse({ status: 200, standardSchema: letterView })
  @ApiResponse({ status: 404, description: 'There is no such dead letter' })
  async one(@Param('id', { schema: id }) letterId: string): Promise<LetterView> {
    const letter = await this.letters.find(letterId);
    if (!letter) throw unknownLetter(letterId);
    return viewOf(letter, await this.letters.auditTrail({ letterId }, AUDIT));
  }
}
