/** Whether more than one of the bits is set: options of which only one may be given. */
export function hasSeveral(bits: number): boolean {
  return (bits & (bits - 1)) !== 0;
}
