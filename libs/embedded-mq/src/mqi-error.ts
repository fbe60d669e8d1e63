import { Completion } from './mqi-constants.js';

/** A verb that does not succeed: its completion and reason code, as the caller will see them. */
export class MqiError extends Error {
  constructor(
    readonly reason: number,
    readonly completion: number = Completion.FAILED,
  ) {
    super(`MQRC ${reason}`);
  }
}
