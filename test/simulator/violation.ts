/** An invariant that does not hold. */
export class Violation extends Error {
  override readonly name = 'Violation';

  constructor(
    /** Its number in the list of invariants, e.g. `I1 stock`. */
    readonly invariant: string,
    detail: string,
  ) {
    super(detail);
  }
}
