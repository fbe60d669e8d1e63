import { Body, Controller, Headers, HttpCode, Param, Post } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { id } from '@orderbridge/contracts';
import { z } from 'zod';
import { operatorField, operatorOf } from '../audit-trail/operator.js';
import { results, selection, selectsOneWay, type Results } from '../several-letters/several-letters.js';
import { letterView, viewOf, type LetterView } from '../show-letters/letter-view.js';
import type { LetterEntity } from '../storage/letter.entity.js';
import { LetterRepository } from '../storage/letter.repository.js';
import { editFields } from './edit.schema.js';
import { RedriveLetters } from './redrive-letters.js';

const one = z
  .strictObject({ operator: operatorField, ...editFields })
  .default({})
  .meta({ id: 'Redrive' });

const several = z
  .strictObject({ operator: operatorField, ...selection })
  .refine(selectsOneWay, 'Give either ids or a filter')
  .meta({ id: 'RedriveSeveral' });

@ApiTags('dead letters')
@Controller('dead-letters')
export class RedriveLettersController {
  constructor(
    private readonly redrive: RedriveLetters,
    private readonly letters: LetterRepository,
  ) {}

  @Post('redrive')
  @HttpCode(200)
  @ApiOperation({ summary: 'Send several dead letters again, or all open ones of a filter; twice is once' })
  @ApiHeader({ name: 'X-Operator', required: false })
  @ApiResponse({ status: 200, standardSchema: results })
  several(
    @Body({ schema: several }) { operator, ...selected }: z.infer<typeof several>,
    @Headers('x-operator') header: string | undefined,
  ): Promise<Results> {
    return this.redrive.several(selected, operatorOf(header, operator));
  }

  @Post(':id/redrive')
  @HttpCode(200)
  @ApiOperation({ summary: 'Send a dead letter again, as it was or changed; twice is once' })
  @ApiHeader({ name: 'X-Operator', required: false })
  @ApiResponse({ status: 200, description: 'Sent, now or before', standardSchema: letterView })
  @ApiResponse({ status: 404, description: 'There is no such dead letter' })
  @ApiResponse({
    status: 409,
    description: 'Discarded, taken from its queue by somebody else, or refused by it',
  })
  @ApiResponse({ status: 422, description: 'With these changes it would be rejected again' })
  @ApiResponse({
    status: 503,
    description: 'A broker or the database is unavailable; what was begun on IBM MQ will be done',
  })
  async one(
    @Param('id', { schema: id }) letterId: string,
    @Body({ schema: one }) { operator, ...edit }: z.infer<typeof one>,
    @Headers('x-operator') header: string | undefined,
  ): Promise<LetterView> {
    const changes = Object.keys(edit).length > 0 ? edit : undefined;
    await this.redrive.one(letterId, operatorOf(header, operator), changes);
    const letter = (await this.letters.find(letterId)) as LetterEntity;
    return viewOf(letter, await this.letters.auditTrail({ letterId }, 100));
  }
}
