import { setTimeout as sleep } from 'node:timers/promises';

/** Waits. A port, so that a simulation may decide how time passes. */
export interface Clock {
  /** Milliseconds since some moment: for the time between two calls, which is never negative. */
  now(): number;
  /** Resolves after the given milliseconds, or as soon as the signal is aborted; never rejects. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once after the given milliseconds, unless what it returns is called before. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** Where Nest injects a Clock. */
export const CLOCK = Symbol('Clock');

/** The clock of the machine. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }).catch(() => undefined),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};
