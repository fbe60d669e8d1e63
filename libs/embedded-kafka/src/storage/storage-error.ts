/** The disk refused to take something. What was to be written is not acknowledged, what was acknowledged is kept. */
export class StorageError extends Error {
  override readonly name = 'StorageError';

  constructor(message: string, cause?: unknown) {
    super(cause instanceof Error ? `${message}: ${cause.message}` : message, { cause });
  }
}
