import { Injectable } from '@nestjs/common';
import { topic } from '@orderbridge/contracts';
import { UnitsOfWork } from '@orderbridge/messaging';
import { ProblemException } from '@orderbridge/service';
import { whenAsked, whyRefused, type LetterState } from '../domain/letter.js';
import { isParkedCall, PARKED_CALL_ORIGIN, PARKED_CALL_TYPES } from '../domain/parked-call.js';
import { givenUpMessage } from '../redrive-letters/edited-message.js';
import { withEach, type Results, type Selection } from '../several-letters/several-letters.js';
import { unknownLetter } from '../show-letters/unknown-letter.js';
import { LetterRepository } from '../storage/letter.repository.js';
import { tell } from '../tell-letters/tell.js';

/**
 * Gives parked calls of partners up: the service that parked one gets it again with that decision, asks the partner what
 * came of it, undoes that and ends it.
 */
@Injectable()
export class GiveUpCalls {
  constructor(
    private readonly letters: LetterRepository,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  /**
   * Gives a parked call up. One that is given up stays so, with its first reason.
   *
   * @returns whether by this call or by an earlier one.
   * @throws ProblemException 404 when there is no such letter; 409 when it is no parked call or was decided otherwise; 422
   *   when the service could not read it.
   */
  one(id: string, operator: string, reason: string): Promise<'given-up' | 'already'> {
    return this.unitsOfWork.run(async (unit) => {
      const letter = await this.letters.lock(unit.manager, id);
      if (!letter) throw unknownLetter(id);
      if (!isParkedCall(letter)) throw noParkedCall(letter.type);
      const step = whenAsked('give-up', letter.state);
      if (step === 'refuse') throw refused(letter.state);
      if (step === 'done') return 'already';
      unit.sendEncoded({
        ...givenUpMessage(letter),
        messageId: letter.eventId ?? letter.id,
        destination: topic(letter.origin),
      });
      const entry = { action: 'given-up', operator, detail: { reason } } as const;
      const progress = { operator, discardReason: reason };
      await this.letters.advance(unit.manager, id, 'GIVEN_UP', entry, progress);
      letter.discardReason = reason;
      tell(unit, 'give-up', letter, operator);
      return 'given-up';
    });
  }

  /** Gives up those of the selected letters that are parked calls; a filter leaves no others. */
  several(selection: Selection, operator: string, reason: string): Promise<Results> {
    const { filter, ...rest } = selection;
    const parked = { ...filter, types: PARKED_CALL_TYPES, origin: PARKED_CALL_ORIGIN };
    return withEach(this.letters, { ...rest, filter: parked }, async (id) => ({
      outcome: await this.one(id, operator, reason),
      state: 'GIVEN_UP',
    }));
  }
}

const noParkedCall = (type: string | null): ProblemException =>
  new ProblemException({
    status: 409,
    title: 'No parked call',
    detail: `Only parked calls of partners can be given up (${PARKED_CALL_TYPES.join(', ')}), and this is ${type ?? 'of no known type'}. To set it aside for ever, discard it. Nothing was changed.`,
  });

const refused = (state: LetterState): ProblemException =>
  new ProblemException({
    status: 409,
    title: 'Not open',
    detail: whyRefused('give-up', state),
    extensions: { state },
  });
