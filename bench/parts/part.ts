import type { RunningStack } from '@orderbridge/running-stack';
import type { Orders } from '../load/orders.js';
import type { Options } from '../options.js';
import type { Figure } from '../report.js';

export interface Bench {
  readonly stack: RunningStack;
  readonly orders: Orders;
  readonly say: (line: string) => void;
}

/** Measures something of a system that is warm and idle, and leaves it idle. */
export type Part = (bench: Bench, options: Options) => Promise<Figure[]>;
