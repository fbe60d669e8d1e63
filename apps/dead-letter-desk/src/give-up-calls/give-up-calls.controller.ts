import { Body, Controller, Headers, HttpCode, Param, Post } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { id } from '@orderbridge/contracts';
import { z } from 'zod';
import { operatorField, operatorOf } from '../audit-trail/operator.js';
import { reasonField } from '../audit-trail/reason.js';
import { results, selection, selectsOneWay, type Results } from '../several-letters/several-letters.js';
import { letterView, viewOf, type LetterView } from '../show-letters/letter-view.js';
import type { LetterEntity } from '../storage/letter.entity.js';
import { LetterRepository } from '../storage/letter.repository.js';
import { GiveUpCalls } from './give-up-calls.js';

const one = z.strictObject({ operator: operatorField, reason: reasonField }).meta({ id: 'GiveUp' });

const several = z
  .strictObject({ operator: operatorField, reason: reasonField, ...selection })
  .refine(selectsOneWay, 'Give either ids or a filter')
  .meta({ id: 'GiveUpSeveral' });

@ApiTags('dead letters')
@Controller('dead-letters')
export class GiveUpCallsController {
  constructor(
    private readonly giveUp: GiveUpCalls,
    private readonly letters: LetterRepository,
  ) {}

  @Post('give-up')
  @HttpCode(200)
  @ApiOperation({ summary: 'Give several parked calls up, or all open ones of a filter; twice is once' })
  @ApiHeader({ name: 'X-Operator', required: false })
  @ApiResponse({ status: 200, standardSchema: results })
  several(
    @Body({ schema: several }) { operator, reason, ...selected }: z.infer<typeof several>,
    @Headers('x-operator') header: string | undefined,
  ): Promise<Results> {
    return this.giveUp.several(selected, operatorOf(header, operator), reason);
  }

  @Post(':id/give-up')
  @HttpCode(200)
  @ApiOperation({ summary: 'Give a parked call of a partner up, with a reason; twice is once' })
  @ApiHeader({ name: 'X-Operator', required: false })
  @ApiResponse({ status: 200, description: 'Given up, now or before', standardSchema: letterView })
  @ApiResponse({ status: 404, description: 'There is no such dead letter' })
  @ApiResponse({ status: 409, description: 'It is no parked call, or was sent again or discarded' })
  @ApiResponse({ status: 422, description: 'The service that parked it could not read it' })
  @ApiResponse({ status: 503, description: 'The database is unavailable; ask again after Retry-After' })
  async one(
    @Param('id', { schema: id }) letterId: string,
    @Body({ schema: one }) { operator, reason }: z.infer<typeof one>,
    @Headers('x-operator') header: string | undefined,
  ): Promise<LetterView> {
    await this.giveUp.one(letterId, operatorOf(header, operator), reason);
    const letter = (await this.letters.find(letterId)) as LetterEntity;
    return viewOf(letter, await this.letters.auditTrail({ letterId }, 100));
  }
}
