import type { Clock } from '@orderbridge/messaging';
import type { Random } from './random.js';
import { Trace } from './trace.js';

/** One thing that may happen next. */
interface Task {
  /** What it happens to; undefined for the world outside. A task of a process that has died does not happen. */
  readonly process: Process | undefined;
  readonly label: string;
  run(): void;
}

interface Timer extends Task {
  readonly at: number;
  cancelled: boolean;
}

/** A run of a program: from its start to its crash. */
export class Process {
  alive = true;
  /** Whether it was asked to stop. */
  isStopping = false;
  readonly #atCrash: (() => void)[] = [];

  constructor(
    readonly name: string,
    private readonly scheduler: Scheduler,
  ) {}

  /** Resolves when the scheduler lets the process go on; never, when it dies before. */
  step(label: string): Promise<void> {
    return new Promise((resolve) => this.scheduler.enqueue(this, label, resolve));
  }

  readonly clock: Clock = {
    now: () => this.scheduler.now,
    sleep: (milliseconds, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted) {
          resolve();
          return;
        }
        const aborted = (): void => {
          cancel();
          resolve();
        };
        const cancel = this.scheduler.after(this, milliseconds, 'wakes up', () => {
          signal?.removeEventListener('abort', aborted);
          resolve();
        });
        signal?.addEventListener('abort', aborted);
      }),
    after: (milliseconds, callback) => this.scheduler.after(this, milliseconds, 'timer', callback),
  };

  /** For what the rest of the world notices of a crash. */
  atCrash(notice: () => void): void {
    this.#atCrash.push(notice);
  }

  /** Everything the process has in memory is gone: nothing of it happens any more. */
  crash(): void {
    this.alive = false;
    for (const notice of this.#atCrash) notice();
  }
}

/**
 * Decides what happens next, by chance alone: which of the things that can happen does, and when time moves on instead.
 * Between two tasks all that follows from the first without waiting for another has happened.
 */
export class Scheduler {
  readonly trace = new Trace(this);
  /** Milliseconds since 1970. */
  now = Date.UTC(2030, 0, 1);
  steps = 0;
  /** How likely time moves on although something could happen now. */
  haste = 0;
  readonly #ready: Task[] = [];
  /** The earliest last. */
  readonly #timers: Timer[] = [];

  constructor(private readonly random: Random) {}

  enqueue(process: Process | undefined, label: string, run: () => void): void {
    this.#ready.push({ process, label, run });
  }

  /** @returns what cancels it. */
  after(process: Process | undefined, milliseconds: number, label: string, run: () => void): () => void {
    const timer: Timer = { process, label, run, at: this.now + milliseconds, cancelled: false };
    let place = this.#timers.length;
    while (place > 0 && (this.#timers[place - 1] as Timer).at <= timer.at) place--;
    this.#timers.splice(place, 0, timer);
    return () => {
      timer.cancelled = true;
    };
  }

  /** Lets one thing happen. Resolves with false when nothing can. */
  async advance(): Promise<boolean> {
    const task = this.#next();
    if (!task) return false;
    this.steps++;
    this.trace.add(task.process?.name, task.label);
    task.run();
    await new Promise(setImmediate);
    return true;
  }

  #next(): Task | undefined {
    for (;;) {
      const hurry = this.#timers.length > 0 && this.haste > 0 && this.random.chance(this.haste);
      const task = this.#ready.length > 0 && !hurry ? this.#takeReady() : this.#takeTimer();
      if (!task) return undefined;
      if (task.process?.alive !== false) return task;
    }
  }

  #takeReady(): Task {
    const index = this.random.below(this.#ready.length);
    const task = this.#ready[index] as Task;
    const last = this.#ready.pop() as Task;
    if (index < this.#ready.length) this.#ready[index] = last;
    return task;
  }

  #takeTimer(): Task | undefined {
    let timer = this.#timers.pop();
    while (timer && (timer.cancelled || timer.process?.alive === false)) timer = this.#timers.pop();
    if (timer) this.now = Math.max(this.now, timer.at);
    return timer;
  }
}
