import { Injectable } from '@nestjs/common';
import { crashPoint } from '@orderbridge/crash-points';
import { IbmMqError, IbmMqUnavailableError, QueueOperator, type Changes } from '@orderbridge/ibm-mq';
import { DEAD_LETTER_PREFIX, UnitsOfWork, type UnitOfWork } from '@orderbridge/messaging';
import { afterwards, type QueueAction } from '../domain/letter.js';
import { isLetter } from '../index-letters/message-letter-id.js';
import { DESK } from '../storage/audit-entry.entity.js';
import type { LetterEntity } from '../storage/letter.entity.js';
import { LetterRepository } from '../storage/letter.repository.js';
import { tell } from '../tell-letters/tell.js';

/** A queue that does not take a letter, as long as it is as it is. */
export class QueueRefusedError extends Error {
  override readonly name = 'QueueRefusedError';
}

/**
 * Does with a letter on a backout queue what was decided and written down before: moves it back to its queue, or takes it
 * away, in one MQ unit of work. That it is done is written down afterwards; when the desk dies in between, or cannot know
 * whether the unit of work was committed, it looks again whether the letter is still there. So it is done once.
 */
@Injectable()
export class SettleOnQueue {
  constructor(
    private readonly queues: QueueOperator,
    private readonly letters: LetterRepository,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  /**
   * Finishes what was begun with a letter, if anything was. Only one at a time does, whoever else tries.
   *
   * @param first whether it was begun just now: then a letter that is not there was taken by somebody else.
   * @throws QueueRefusedError when its queue does not take it; the letter is open again.
   * @throws IbmMqError, IbmMqUnavailableError when it is not known whether it is done; it will be found out later.
   */
  async finish(id: string, first = false): Promise<void> {
    if (first) crashPoint('dead-letters.asked');
    try {
      await this.unitsOfWork.run(async (unit) => {
        const letter = await this.letters.lock(unit.manager, id);
        const action = letter && actionOf(letter);
        if (!action) return;
        const done = await this.#carryOut(action, letter);
        crashPoint('dead-letters.moved');
        if (done || !first) await this.#settled(unit, action, letter);
        else await this.letters.advance(unit.manager, id, 'GONE', { action: 'gone', operator: DESK });
      });
    } catch (error) {
      if (error instanceof QueueRefusedError) await this.#reopen(id, error);
      throw error;
    }
  }

  async #carryOut(action: QueueAction, letter: LetterEntity): Promise<boolean> {
    const messageId = letter.messageId as string;
    const chosen = (message: Parameters<typeof isLetter>[0]) => isLetter(message, letter);
    try {
      if (action === 'discard') return await this.queues.remove(letter.source, messageId, chosen);
      return await this.queues.move(letter.source, messageId, chosen, letter.origin, changesOf(letter));
    } catch (error) {
      if (isUnknown(error)) throw error;
      throw new QueueRefusedError((error as Error).message, { cause: error });
    }
  }

  async #settled(unit: UnitOfWork, action: QueueAction, letter: LetterEntity): Promise<void> {
    const done = action === 'redrive' ? 'redriven' : 'discarded';
    const operator = letter.operator ?? DESK;
    await this.letters.advance(unit.manager, letter.id, afterwards(action), { action: done, operator });
    tell(unit, action, letter, operator);
  }

  async #reopen(id: string, error: Error): Promise<void> {
    await this.unitsOfWork.run(async ({ manager }) => {
      const letter = await this.letters.lock(manager, id);
      const action = letter && actionOf(letter);
      if (!action) return;
      await this.letters.advance(manager, id, 'OPEN', {
        action: `${action}-failed`,
        operator: letter.operator ?? DESK,
        detail: { reason: error.message },
      });
    });
  }
}

/**
 * Whether it may have been done, or can be done later. Everything else was backed out and would fail again: the queue's
 * refusal, or a message that MQ cannot hold.
 */
const isUnknown = (error: unknown): boolean =>
  error instanceof IbmMqUnavailableError ||
  (error instanceof IbmMqError && (error.connectionLost || error.inDoubt));

const actionOf = ({ state }: LetterEntity): QueueAction | undefined =>
  state === 'REDRIVING' ? 'redrive' : state === 'DISCARDING' ? 'discard' : undefined;

function changesOf({ edit }: LetterEntity): Changes {
  const { headers = {} } = edit ?? {};
  const removed = new Set(Object.keys(headers).filter((name) => headers[name] === null));
  return {
    drops: (header) => header.startsWith(DEAD_LETTER_PREFIX) || removed.has(header),
    headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== null)),
    ...(edit && 'payload' in edit && { body: Buffer.from(JSON.stringify(edit.payload)) }),
  };
}
