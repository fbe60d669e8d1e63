import type { Faults } from '../faults.js';
import type { Random } from '../schedule/random.js';
import type { Process, Scheduler } from '../schedule/scheduler.js';
import { ForeignAnswerError } from './foreign-answer.error.js';

/** Milliseconds after which a service no longer waits for an answer; below the lease of a work item. */
const TIMEOUT = 5_000;
/** Most milliseconds by which a partner may be late. */
const LATE = 55_000;
/** Milliseconds after which a request that has not arrived never does, however time jumps. */
const LOST_AFTER = 60_000;

/**
 * The way to a partner and back. A request may not arrive, may be done late, and its reply may be lost
 * or another one come in its place; once it has
 * left, the death of the caller does not stop it.
 */
export class Partner {
  constructor(
    private readonly name: string,
    private readonly scheduler: Scheduler,
    private readonly random: Random,
    private readonly faults: Faults,
  ) {}

  /**
   * @param work is done at the partner, at once.
   * @throws Error when no reply came in time.
   */
  call<Result>(process: Process, request: string, work: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      const cancel = process.clock.after(TIMEOUT, () =>
        reject(new Error(`simulated: ${this.name} did not answer`)),
      );
      const settle = (label: string, then: () => void): void =>
        this.scheduler.enqueue(process, label, () => {
          cancel();
          then();
        });
      if (this.faults.happens('partnerAway')) {
        settle(`cannot reach ${this.name}`, () => reject(new Error(`simulated: ${this.name} is away`)));
        return;
      }
      // A proxy in between answers in the partner's place, whether or not it has passed the request on.
      const isForeign = this.faults.happens('foreignAnswer');
      const answerForeign = (): void =>
        settle(`a proxy answers for ${this.name}`, () =>
          reject(new ForeignAnswerError('simulated: 404, and not in the form of the partner')),
        );
      if (isForeign && this.faults.toss()) {
        answerForeign();
        return;
      }
      const replyLost = this.faults.happens('replyLost');
      const sentAt = this.scheduler.now;
      const perform = (): void => {
        if (this.scheduler.now - sentAt >= LOST_AFTER) return;
        try {
          const result = work();
          if (isForeign) answerForeign();
          else if (!replyLost) settle(`${this.name} answers`, () => resolve(result));
        } catch (error) {
          settle(`${this.name} refuses`, () => reject(error));
        }
      };
      const label = `${this.name}: ${request}${replyLost ? ', the reply is lost' : ''}`;
      if (this.faults.happens('partnerLate'))
        this.scheduler.after(undefined, this.random.below(LATE), `${label}, late`, perform);
      else this.scheduler.enqueue(undefined, label, perform);
    });
  }
}
