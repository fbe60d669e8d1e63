import { ProblemException } from '@orderbridge/service';

export const unknownLetter = (id: string): ProblemException =>
  new ProblemException({
    status: 404,
    title: 'No such dead letter',
    detail: `There is no dead letter ${id}. One that was just raised is here within seconds.`,
  });
