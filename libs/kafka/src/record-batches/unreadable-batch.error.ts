/** A batch of records, or one of them, cannot be read: it is damaged, too large when opened, or of an unknown kind. */
export class UnreadableBatchError extends Error {
  override readonly name = 'UnreadableBatchError';
}
