import { v5 as uuid } from 'uuid';

/** Of the ids that are made of where letters lie. */
const NAMESPACE = '5f9f1c1e-9c1c-4a53-9d2e-1f6a3a7f0c11';

/** The id of a letter to which its consumer gave none: always the same for the same place. */
export const idOfPlace = (...place: readonly string[]): string => uuid(place.join('\n'), NAMESPACE);
