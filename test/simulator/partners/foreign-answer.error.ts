import { PartnerUnavailableError } from '@orderbridge/work-items';

/** What the partners' clients make of an answer that is not in the partner's own form. */
export class ForeignAnswerError extends PartnerUnavailableError {
  override readonly name = 'ForeignAnswerError';
}
