import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { WorkItemProcessor, workItemMetrics } from '@orderbridge/work-items';
import type { RefundItem } from '../storage/refund.repository.js';
import { RefundPayments } from './refund-payments.js';

/** Refunds at the same time. */
const REFUND_CONCURRENCY = 8;

/** Works off the refunds that are due. */
@Injectable()
export class RefundQueue implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #processor: WorkItemProcessor<RefundItem, string>;

  constructor(handlers: RefundPayments) {
    this.#processor = new WorkItemProcessor({
      handlers,
      observer: workItemMetrics('refund', new Logger(RefundQueue.name)),
      concurrency: REFUND_CONCURRENCY,
    });
  }

  wake(): void {
    this.#processor.wake();
  }

  onApplicationBootstrap(): void {
    this.#processor.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.#processor.stop();
  }
}
