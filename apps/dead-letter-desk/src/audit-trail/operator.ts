import { text } from '@orderbridge/contracts';
import { ProblemException } from '@orderbridge/service';

const name = text(100)
  .trim()
  .min(1)
  .regex(/^\P{Cc}+$/u, 'must have no control characters');

/** The field of a request's body that says who asks, where the header X-Operator does not. */
export const operatorField = name.optional().describe('Who asks, unless the header X-Operator says it');

/**
 * Who asks. Whoever reaches the desk is believed: it knows no identities yet.
 *
 * @throws ProblemException 400 when neither header nor field says it.
 */
export function operatorOf(header: string | undefined, field: string | undefined): string {
  const result = name.safeParse(header ?? field);
  if (result.success) return result.data;
  throw new ProblemException({
    status: 400,
    title: 'Who asks?',
    detail:
      'Say who you are, for the audit trail: in the header X-Operator or the field operator. Nothing was changed.',
    errors: [{ pointer: 'X-Operator', detail: 'must be 1 to 100 characters' }],
  });
}
