import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { WorkItemProcessor, workItemMetrics } from '@orderbridge/work-items';
import type { ChargeDecision } from '../domain/payment.js';
import type { ChargeItem } from '../storage/payment.repository.js';
import { ChargePayments } from './charge-payments.js';

/** Charges at the same time. */
export const CHARGE_CONCURRENCY = 32;

/** Works off the charges that are due. */
@Injectable()
export class ChargeQueue implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #processor: WorkItemProcessor<ChargeItem, ChargeDecision>;

  constructor(handlers: ChargePayments) {
    this.#processor = new WorkItemProcessor({
      handlers,
      observer: workItemMetrics('charge', new Logger(ChargeQueue.name)),
      concurrency: CHARGE_CONCURRENCY,
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
