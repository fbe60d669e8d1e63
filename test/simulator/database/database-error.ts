/** An error as the PostgreSQL driver throws it. */
export class DatabaseError extends Error {
  override readonly name = 'DatabaseError';

  constructor(
    /** SQLSTATE, or a code of the operating system. */
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}
