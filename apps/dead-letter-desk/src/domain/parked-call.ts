import { isDeepStrictEqual } from 'node:util';

/**
 * Calls of partners that were parked after failing by themselves, by the type of their dead letters, with the fields of
 * their data that an operator may change before a retry.
 */
const EDITABLE: ReadonlyMap<string, readonly string[]> = new Map([
  ['charge.requested', ['paymentToken']],
  ['refund.requested', []],
  ['booking.requested', ['shipTo']],
  ['void.requested', []],
]);

export const PARKED_CALL_TYPES: readonly string[] = [...EDITABLE.keys()];

interface Letter {
  readonly broker: string;
  readonly origin: string;
  readonly type: string | null;
}
type Fields = Readonly<Record<string, unknown>>;

/** The topic that parked calls go back to. */
export const PARKED_CALL_ORIGIN = 'orders';

/** Whether a letter is a parked call. */
export const isParkedCall = ({ broker, origin, type }: Letter): boolean =>
  broker === 'kafka' && origin === PARKED_CALL_ORIGIN && type !== null && EDITABLE.has(type);

/** The fields of a parked call of a type that an operator may change. */
export const editableFields = (type: string): readonly string[] => EDITABLE.get(type) ?? [];

/** The fields of a parked call's data that were changed, added or left out and must not be. */
export function fieldsChangedWrongly(type: string, before: Fields, after: Fields): string[] {
  const editable = editableFields(type);
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter(
    (name) => !editable.includes(name) && !isDeepStrictEqual(before[name], after[name]),
  );
}
