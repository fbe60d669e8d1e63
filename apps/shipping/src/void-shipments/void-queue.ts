import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { WorkItemProcessor, workItemMetrics } from '@orderbridge/work-items';
import type { VoidItem } from '../storage/void.repository.js';
import { VoidShipments } from './void-shipments.js';

/** Labels taken back at the same time. */
const VOID_CONCURRENCY = 8;

/** Works off the labels that are to be taken back. */
@Injectable()
export class VoidQueue implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #processor: WorkItemProcessor<VoidItem, void>;

  constructor(handlers: VoidShipments) {
    this.#processor = new WorkItemProcessor({
      handlers,
      observer: workItemMetrics('void', new Logger(VoidQueue.name)),
      concurrency: VOID_CONCURRENCY,
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
