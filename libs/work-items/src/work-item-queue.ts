import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { measureBacklog, workItemMetrics } from './work-item-metrics.js';
import { WorkItemProcessor, type WorkItem, type WorkItemHandlers } from './work-item-processor.js';

/** Works off one kind of work items as a part of a Nest application: starts and stops with it, is measured and logged. */
export abstract class WorkItemQueue<Item extends WorkItem, Result>
  implements OnApplicationBootstrap, OnModuleDestroy
{
  readonly #processor: WorkItemProcessor<Item, Result>;
  readonly #measure: () => void;

  /**
   * @param name of the kind, in metrics.
   * @param concurrency most calls at the same time.
   */
  protected constructor(name: string, handlers: WorkItemHandlers<Item, Result>, concurrency: number) {
    const observer = workItemMetrics(name, new Logger(new.target.name));
    this.#processor = new WorkItemProcessor({ handlers, observer, concurrency });
    this.#measure = () => measureBacklog(name, () => handlers.backlog());
  }

  /** Says that new items may be due. Call it after the commit that made them. */
  wake(): void {
    this.#processor.wake();
  }

  onApplicationBootstrap(): void {
    this.#measure();
    this.#processor.start();
  }

  /** Takes nothing more; resolves when the calls in flight are done and their results committed. */
  async onModuleDestroy(): Promise<void> {
    await this.#processor.stop();
  }
}
