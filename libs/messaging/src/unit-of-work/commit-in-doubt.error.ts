/** A connection was lost between COMMIT and its answer: everything has happened, or nothing has. */
export class CommitInDoubtError extends Error {
  override readonly name = 'CommitInDoubtError';

  constructor(cause: unknown) {
    super(`It is not known whether the transaction was committed: ${(cause as Error).message}`, { cause });
  }
}
