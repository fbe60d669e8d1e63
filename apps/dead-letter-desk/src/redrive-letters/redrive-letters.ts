import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { topic } from '@orderbridge/contracts';
import { UnitsOfWork, type UnitOfWork } from '@orderbridge/messaging';
import { ProblemException } from '@orderbridge/service';
import { whenAsked, whyRefused, type LetterState } from '../domain/letter.js';
import { SettleOnQueue } from '../settle-on-queue/settle-on-queue.js';
import { refusedByQueue } from '../settle-on-queue/refused-by-queue.js';
import {
  withEach,
  type ResultOfOne,
  type Results,
  type Selection,
} from '../several-letters/several-letters.js';
import { unknownLetter } from '../show-letters/unknown-letter.js';
import type { Edit, LetterEntity } from '../storage/letter.entity.js';
import { LetterRepository } from '../storage/letter.repository.js';
import { tell } from '../tell-letters/tell.js';
import { editedMessage, originalMessage } from './edited-message.js';
import { OriginTopics } from './origin-topics.js';

type Sent = Extract<ResultOfOne['outcome'], 'redriven' | 'under-way' | 'already'>;

/** Sends letters to their consumers again, each once, however often and by how many it is asked for. */
@Injectable()
export class RedriveLetters {
  constructor(
    private readonly letters: LetterRepository,
    private readonly settle: SettleOnQueue,
    private readonly origins: OriginTopics,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  /**
   * Sends a letter again, to the topic or queue it came from, as it was or with changes.
   *
   * @returns whether it is sent by this call, by an earlier one, or not yet, because its queue manager is unavailable.
   * @throws ProblemException 404 when there is none; 409 when it was decided otherwise, somebody else took it from its
   *   queue, the queue does not take it or its topic is gone; 422 when what the edit makes of it would be rejected again;
   *   503 when a broker that has to be asked is unavailable.
   */
  async one(id: string, operator: string, edit?: Edit): Promise<Sent> {
    const step = await this.#decide(id, operator, edit);
    return step === 'begin' || step === 'finish' ? this.#finish(id, step) : step;
  }

  /**
   * Sends the selected letters again, oldest first. When a queue manager is unavailable, the rest of what is on its queues
   * is only written down, to be moved as soon as it answers.
   */
  several(selection: Selection, operator: string): Promise<Results> {
    let available = true;
    return withEach(this.letters, selection, async (id) => {
      const step = await this.#decide(id, operator);
      if (step === 'redriven' || step === 'already') return { outcome: step, state: 'REDRIVEN' };
      const outcome = available ? await this.#finish(id, step).catch(unavailable) : 'under-way';
      available &&= outcome !== 'under-way';
      return { outcome, state: outcome === 'under-way' ? 'REDRIVING' : 'REDRIVEN' };
    });
  }

  /** Decides in one transaction, which for a letter on Kafka is all; one on a queue is to be moved afterwards. */
  async #decide(
    id: string,
    operator: string,
    edit?: Edit,
  ): Promise<'redriven' | 'already' | 'begin' | 'finish'> {
    await this.#checkOrigin(id);
    return this.unitsOfWork.run(async (unit) => {
      const letter = await this.letters.lock(unit.manager, id);
      if (!letter) throw unknownLetter(id);
      const asked = whenAsked('redrive', letter.state);
      if (asked === 'refuse') throw refused(letter.state);
      if (asked !== 'begin') {
        if (edit && !isDeepStrictEqual(edit, letter.edit)) throw sentOtherwise(letter.state);
        return asked === 'done' ? 'already' : asked;
      }
      if (letter.broker === 'ibm-mq') {
        await this.#begin(unit, letter, operator, edit);
        return asked;
      }
      await this.#send(unit, letter, operator, edit);
      return 'redriven';
    });
  }

  /** Asked before the transaction, which waits for no broker. */
  async #checkOrigin(id: string): Promise<void> {
    const letter = await this.letters.find(id);
    if (letter?.broker === 'kafka' && letter.state === 'OPEN') await this.origins.check(letter.origin);
  }

  async #finish(id: string, step: 'begin' | 'finish'): Promise<'redriven' | 'under-way'> {
    try {
      await this.settle.finish(id, step === 'begin');
    } catch (error) {
      throw refusedByQueue(error);
    }
    const { state } = (await this.letters.find(id)) as LetterEntity;
    if (state === 'REDRIVEN') return 'redriven';
    if (state === 'REDRIVING') return 'under-way';
    throw refused(state);
  }

  /** The state and the message commit together; the relay publishes it, and inboxes bear that it may do so twice. */
  async #send(unit: UnitOfWork, letter: LetterEntity, operator: string, edit?: Edit): Promise<void> {
    const message = edit ? editedMessage(letter, edit) : originalMessage(letter);
    unit.sendEncoded({
      ...message,
      messageId: letter.eventId ?? letter.id,
      destination: topic(letter.origin),
    });
    const entry = { action: 'redriven', operator, ...(edit && { detail: edit }) } as const;
    await this.letters.advance(unit.manager, letter.id, 'REDRIVEN', entry, { operator, edit: edit ?? null });
    letter.edit = edit ?? null;
    tell(unit, 'redrive', letter, operator);
  }

  async #begin({ manager }: UnitOfWork, letter: LetterEntity, operator: string, edit?: Edit): Promise<void> {
    if (edit) editedMessage(letter, edit);
    const entry = { action: 'redrive-asked', operator, ...(edit && { detail: edit }) } as const;
    await this.letters.advance(manager, letter.id, 'REDRIVING', entry, { operator, edit: edit ?? null });
  }
}

/** A queue manager that is unavailable holds up no other letter. */
function unavailable(error: unknown): 'under-way' {
  if (error instanceof ProblemException && error.problem.status === 503) return 'under-way';
  throw error;
}

const refused = (state: LetterState): ProblemException =>
  new ProblemException({
    status: 409,
    title: 'Not open',
    detail: whyRefused('redrive', state),
    extensions: { state },
  });

const sentOtherwise = (state: LetterState): ProblemException =>
  new ProblemException({
    status: 409,
    title: 'Sent before',
    detail: 'The letter was sent again before, and not with these changes. Nothing was sent.',
    extensions: { state },
  });
