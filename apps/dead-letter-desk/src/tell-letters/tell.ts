import { deadLetterDiscarded, deadLetterRedriven, type Cause } from '@orderbridge/contracts';
import type { UnitOfWork } from '@orderbridge/messaging';
import type { Action } from '../domain/letter.js';
import type { LetterEntity, NewLetter } from '../storage/letter.entity.js';

type Told = Pick<NewLetter, 'id' | 'orderId' | 'source' | 'type' | 'reason' | 'eventId' | 'envelope'>;

/** What every event tells of a letter. */
export const about = ({ id, orderId, source, type, reason }: Told) => ({
  deadLetterId: id,
  source,
  reason,
  ...(orderId !== null && { orderId }),
  ...(type !== null && { type }),
});

/** A letter's trace goes on. */
export function causeOf({ id, eventId, envelope: { headers } }: Told): Cause {
  const text = (name: string): string | undefined => {
    const value = headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    correlationId: text('ce_correlationid') ?? eventId ?? id,
    ...(eventId !== null && { causationId: eventId }),
    ...(text('traceparent') !== undefined && { traceparent: text('traceparent') }),
    ...(text('tracestate') !== undefined && { tracestate: text('tracestate') }),
  };
}

/** Tells what an operator has done with a letter. */
export function tell(unit: UnitOfWork, action: Action, letter: LetterEntity, operator: string): void {
  const cause = causeOf(letter);
  const reason = letter.discardReason ?? letter.reason;
  switch (action) {
    case 'redrive':
      unit.send(deadLetterRedriven, { ...about(letter), operator, edited: letter.edit !== null }, cause);
      break;
    case 'give-up':
      unit.send(
        deadLetterRedriven,
        { ...about(letter), reason, operator, edited: false, decision: 'give-up' },
        cause,
      );
      break;
    case 'discard':
      unit.send(deadLetterDiscarded, { ...about(letter), reason, operator }, cause);
  }
}
