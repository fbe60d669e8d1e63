import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '@orderbridge/running-stack';

/**
 * Undefined where no answer comes, or none within so many milliseconds. A request's own time-out is not relied on: what it
 * looks after may be collected as garbage.
 */
export const answered = (answer: Promise<Answer>, timeout: number): Promise<Answer | undefined> =>
  Promise.race([answer.catch(() => undefined), sleep(timeout, undefined)]);
