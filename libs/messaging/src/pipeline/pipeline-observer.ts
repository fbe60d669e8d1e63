import type { Delivery } from './delivery.js';

/** What a pipeline tells of its work, for logs and metrics. */
export interface PipelineObserver {
  committed(batch: { handled: number; duplicates: number; milliseconds: number }): void;
  retrying(error: Error, failures: number): void;
  rejected(delivery: Delivery, error: Error): void;
}
