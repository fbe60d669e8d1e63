import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { topic } from '@orderbridge/contracts';
import { UnitsOfWork, type UnitOfWork } from '@orderbridge/messaging';
import { ProblemException } from '@orderbridge/service';
import { whenAsked, whyRefused, type LetterState } from '../domain/letter.js';
import { SettleOnQueue } from '../settle-on-queue/settle-on-queue.js';
import { refusedByQueue } from '../settle-on-queue/refused-by-queue.js';
import { unknownLetter } from '../show-letters/unknown-letter.js';
import type { Edit, LetterEntity } from '../storage/letter.entity.js';
import { LetterRepository, type LetterFilter } from '../storage/letter.repository.js';
import { tell } from '../tell-letters/tell.js';
import { editedMessage, originalMessage } from './edited-message.js';

/** What came of asking for one of several letters. */
export interface RedriveResult {
  readonly id: string;
  readonly outcome: 'redriven' | 'under-way' | 'already' | 'refused';
  readonly state?: LetterState;
  /** Why it was refused. */
  readonly detail?: string;
}

/** Sends letters to their consumers again, each once, however often and by how many it is asked for. */
@Injectable()
export class RedriveLetters {
  constructor(
    private readonly letters: LetterRepository,
    private readonly settle: SettleOnQueue,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  /**
   * Sends a letter again, to the topic or queue it came from, as it was or with changes.
   *
   * @returns whether it is sent by this call, by an earlier one, or not yet, because its queue manager is away.
   * @throws ProblemException 404 when there is none; 409 when it was discarded, or somebody else took it from its queue,
   *   or the queue does not take it; 422 when what the edit makes of it would be rejected again.
   */
  async one(
    id: string,
    operator: string,
    edit?: Edit,
  ): Promise<Exclude<RedriveResult['outcome'], 'refused'>> {
    const step = await this.unitsOfWork.run(async (unit) => {
      const letter = await this.letters.lock(unit.manager, id);
      if (!letter) throw unknownLetter(id);
      const asked = whenAsked('redrive', letter.state);
      if (asked === 'refuse') throw refused(letter.state);
      if (asked !== 'begin') {
        if (edit && !isDeepStrictEqual(edit, letter.edit)) throw sentOtherwise(letter.state);
        return asked;
      }
      if (letter.broker === 'kafka') await this.#send(unit, letter, operator, edit);
      else await this.#begin(unit, letter, operator, edit);
      return letter.broker === 'kafka' ? 'sent' : asked;
    });
    if (step === 'sent') return 'redriven';
    if (step === 'done') return 'already';
    try {
      await this.settle.finish(id, step === 'begin');
    } catch (error) {
      throw refusedByQueue(error);
    }
    const { state } = (await this.letters.find(id)) as LetterEntity;
    if (state === 'GONE') throw refused(state);
    return state === 'REDRIVING' ? 'under-way' : 'redriven';
  }

  /** Sends letters again, in the order of the ids; one that is refused holds up no other. */
  async several(ids: readonly string[], operator: string): Promise<RedriveResult[]> {
    const results: RedriveResult[] = [];
    for (const id of ids) results.push(await this.#oneOfSeveral(id, operator));
    return results;
  }

  /** Sends up to `limit` open letters that match again, oldest first; the rest is `remaining`. */
  async matching(
    filter: LetterFilter,
    limit: number,
    operator: string,
  ): Promise<{ results: RedriveResult[]; remaining: number }> {
    const results = await this.several(await this.letters.openIds(filter, limit), operator);
    return { results, remaining: await this.letters.countOpen(filter) };
  }

  async #oneOfSeveral(id: string, operator: string): Promise<RedriveResult> {
    try {
      const outcome = await this.one(id, operator);
      return { id, outcome, state: outcome === 'under-way' ? 'REDRIVING' : 'REDRIVEN' };
    } catch (error) {
      if (!(error instanceof ProblemException)) throw error;
      return { id, outcome: 'refused', detail: error.problem.detail };
    }
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
