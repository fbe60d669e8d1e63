import { Injectable } from '@nestjs/common';
import { deadLetterRaised } from '@orderbridge/contracts';
import { UnitsOfWork } from '@orderbridge/messaging';
import type { NewLetter } from '../storage/letter.entity.js';
import { LetterRepository } from '../storage/letter.repository.js';
import { about, causeOf } from '../tell-letters/tell.js';

/** Takes letters into the index, once each, and tells of those that are new. */
@Injectable()
export class IndexLetters {
  constructor(
    private readonly letters: LetterRepository,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  async add(found: readonly NewLetter[]): Promise<void> {
    if (found.length === 0) return;
    await this.unitsOfWork.run(async (unit) => {
      const fresh = await this.letters.insert(unit.manager, found);
      for (const letter of found) {
        if (!fresh.delete(letter.id)) continue;
        const { error, consumer, attempts, raisedAt } = letter;
        unit.send(
          deadLetterRaised,
          {
            ...about(letter),
            error,
            attempts,
            raisedAt: raisedAt.toISOString(),
            ...(consumer !== null && { consumer }),
          },
          causeOf(letter),
        );
      }
    });
  }
}
