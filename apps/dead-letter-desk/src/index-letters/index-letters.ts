import { Injectable, Logger } from '@nestjs/common';
import { deadLetterRaised } from '@orderbridge/contracts';
import { isTransient, UnitsOfWork } from '@orderbridge/messaging';
import { plain } from '../domain/dead-letter-message.js';
import type { NewLetter } from '../storage/letter.entity.js';
import { LetterRepository } from '../storage/letter.repository.js';
import { about, causeOf } from '../tell-letters/tell.js';

/** Takes letters into the index, once each, and tells of those that are new. */
@Injectable()
export class IndexLetters {
  readonly #logger = new Logger(IndexLetters.name);

  constructor(
    private readonly letters: LetterRepository,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  /**
   * Resolves with the ids of the letters, in their order. One that cannot be stored as it is hides no other: it is stored
   * without what its message says of it.
   *
   * @throws what the database throws while it is unavailable; then no letter is taken.
   */
  async add(found: readonly NewLetter[]): Promise<string[]> {
    if (found.length === 0) return [];
    try {
      return await this.#insert(found);
    } catch (error) {
      if (isTransient(error)) throw error;
      const [letter, ...others] = found;
      if (letter && others.length === 0) return this.#insert([this.#bare(letter, error as Error)]);
      const ids: string[] = [];
      for (const single of found) ids.push(...(await this.add([single])));
      return ids;
    }
  }

  async #insert(found: readonly NewLetter[]): Promise<string[]> {
    return this.unitsOfWork.run(async (unit) => {
      const { letters, fresh } = await this.letters.insert(unit.manager, found);
      const unannounced = new Set(fresh);
      for (const letter of letters) {
        if (!unannounced.delete(letter.id)) continue;
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
      return letters.map(({ id }) => id);
    });
  }

  #bare(letter: NewLetter, error: Error): NewLetter {
    this.#logger.error(`${letter.id} in ${letter.source} is listed without its headers: ${error.message}`);
    const unknown = { type: null, eventId: null, orderId: null, consumer: null, firstTriedAt: null };
    const reason = `The desk cannot store what this message says of itself: ${error.message}`;
    return {
      ...{
        ...letter,
        ...unknown,
        error: error.name,
        reason: plain(reason),
        attempts: 1,
        raisedAt: new Date(),
      },
      ...{ position: '', key: '', envelope: { headers: {} } },
    };
  }
}
