import { Body, Controller, Headers, HttpCode, Param, Post } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { id } from '@orderbridge/contracts';
import { z } from 'zod';
import { operatorField, operatorOf } from '../audit-trail/operator.js';
import { reasonField } from '../audit-trail/reason.js';
import { letterView, viewOf, type LetterView } from '../show-letters/letter-view.js';
import type { LetterEntity } from '../storage/letter.entity.js';
import { LetterRepository } from '../storage/letter.repository.js';
import { DiscardLetters } from './discard-letters.js';

const body = z
  .strictObject({
    operator: operatorField,
    reason: reasonField,
  })
  .meta({ id: 'Discard' });

@ApiTags('dead letters')
@Controller('dead-letters')
export class DiscardLettersController {
  constructor(
    private readonly discard: DiscardLetters,
    private readonly letters: LetterRepository,
  ) {}

  @Post(':id/discard')
  @HttpCode(200)
  @ApiOperation({ summary: 'Set a dead letter aside for ever, with a reason; twice is once' })
  @ApiHeader({ name: 'X-Operator', required: false })
  @ApiResponse({ status: 200, description: 'Discarded, now or before', standardSchema: letterView })
  @ApiResponse({ status: 404, description: 'There is no such dead letter' })
  @ApiResponse({ status: 409, description: 'Sent again, or taken from its queue by somebody else' })
  @ApiResponse({ status: 503, description: 'IBM MQ is unavailable; it will be done when it is back' })
  async one(
    @Param('id', { schema: id }) letterId: string,
    @Body({ schema: body }) { operator, reason }: z.infer<typeof body>,
    @Headers('x-operator') header: string | undefined,
  ): Promise<LetterView> {
    await this.discard.one(letterId, operatorOf(header, operator), reason);
    const letter = (await this.letters.find(letterId)) as LetterEntity;
    return viewOf(letter, await this.letters.auditTrail({ letterId }, 100));
  }
}
