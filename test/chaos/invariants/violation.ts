/** Something that must never be: the invariant's number and what was found. */
export type Violation = string;
