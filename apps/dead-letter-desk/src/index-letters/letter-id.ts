import { createHash } from 'node:crypto';
import { v5 as uuid } from 'uuid';

/** Of the ids that are made of where letters lie. */
const NAMESPACE = '5f9f1c1e-9c1c-4a53-9d2e-1f6a3a7f0c11';

/** The id of a letter to which its consumer gave none: always the same for the same place. */
export const idOfPlace = (...place: readonly string[]): string => uuid(place.join('\n'), NAMESPACE);

/** What tells messages apart that come at the same place, or with the same id, as after a broker was restored. */
export function contentOf(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex');
}

/** The id of a letter whose own id is that of another message already. */
export const idOfOther = (id: string, content: string): string => idOfPlace(id, content);
