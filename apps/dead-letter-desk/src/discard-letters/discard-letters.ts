import { Injectable } from '@nestjs/common';
import { UnitsOfWork } from '@orderbridge/messaging';
import { ProblemException } from '@orderbridge/service';
import { afterwards, underWay, whenAsked, whyRefused, type LetterState } from '../domain/letter.js';
import { refusedByQueue } from '../settle-on-queue/refused-by-queue.js';
import { SettleOnQueue } from '../settle-on-queue/settle-on-queue.js';
import { unknownLetter } from '../show-letters/unknown-letter.js';
import { LetterRepository } from '../storage/letter.repository.js';
import { tell } from '../tell-letters/tell.js';

/** Gives letters up. What they were stays in the index. */
@Injectable()
export class DiscardLetters {
  constructor(
    private readonly letters: LetterRepository,
    private readonly settle: SettleOnQueue,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  /**
   * Gives a letter up; one on a backout queue is taken from there. One that is discarded stays so, with its first reason.
   *
   * @throws ProblemException 404 when there is none; 409 when it was sent again, or somebody else took it from its queue.
   */
  async one(id: string, operator: string, discardReason: string): Promise<void> {
    const step = await this.unitsOfWork.run(async (unit) => {
      const letter = await this.letters.lock(unit.manager, id);
      if (!letter) throw unknownLetter(id);
      const asked = whenAsked('discard', letter.state);
      if (asked === 'refuse') throw refused(letter.state);
      if (asked !== 'begin') return asked;
      const onQueue = letter.broker === 'ibm-mq';
      const state = onQueue ? underWay('discard') : afterwards('discard');
      const action = onQueue ? 'discard-asked' : 'discarded';
      const entry = { action, operator, detail: { reason: discardReason } } as const;
      await this.letters.advance(unit.manager, id, state, entry, { operator, discardReason });
      letter.discardReason = discardReason;
      if (!onQueue) tell(unit, 'discard', letter, operator);
      return onQueue ? 'begin' : 'done';
    });
    if (step === 'done') return;
    try {
      await this.settle.finish(id, step === 'begin');
    } catch (error) {
      throw refusedByQueue(error);
    }
    const letter = await this.letters.find(id);
    if (letter?.state === 'GONE') throw refused(letter.state);
  }
}

const refused = (state: LetterState): ProblemException =>
  new ProblemException({
    status: 409,
    title: 'Not open',
    detail: whyRefused('discard', state),
    extensions: { state },
  });
