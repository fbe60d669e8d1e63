/** COMMIT failed with a transient error, such as a connection lost before its answer: all has happened, or nothing has. */
export class CommitInDoubtError extends Error {
  override readonly name = 'CommitInDoubtError';

  constructor(cause: unknown) {
    super(`It is not known whether the transaction was committed: ${(cause as Error).message}`, { cause });
  }
}
