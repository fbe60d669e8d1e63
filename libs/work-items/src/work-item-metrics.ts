import type { Logger } from '@nestjs/common';
import { Counter } from 'prom-client';
import { ScrapedGauges } from '@orderbridge/messaging';
import type { Backlog, WorkItemObserver } from './work-item-processor.js';

const items = new Counter({
  name: 'work_items_total',
  help: 'Calls to the outside world by what became of them: settled, postponed, parked',
  labelNames: ['kind', 'outcome'],
});

const backlogs = new ScrapedGauges(
  {
    work_items_open:
      'Calls to the outside world that are still to be made, without those that are parked, counted up to 10000',
    work_items_oldest_seconds: 'Age of the oldest of them',
  },
  ['kind'],
);

/** Lets each scrape ask what is still to be done of a kind. */
export function measureBacklog(kind: string, backlog: () => Promise<Backlog>): void {
  backlogs.ask(kind, async () => {
    const { items: open, oldestSeconds } = await backlog();
    return [
      { labels: { kind }, values: { work_items_open: open, work_items_oldest_seconds: oldestSeconds } },
    ];
  });
}

/** Counts and logs what the processor of one kind of work items does. */
export const workItemMetrics = (kind: string, logger: Logger): WorkItemObserver => ({
  settled(count) {
    items.inc({ kind, outcome: 'settled' }, count);
  },
  postponed({ id, attempts }, error, delayMs) {
    items.inc({ kind, outcome: 'postponed' });
    logger.warn({ kind, id, attempts, delayMs, message: `Postponed: ${error.message}` });
  },
  parked({ id, attempts }, error) {
    items.inc({ kind, outcome: 'parked' });
    logger.error({ kind, id, attempts, message: `Parked: ${error.message}` });
  },
  retrying(error, failures) {
    logger.warn({ kind, failures, message: `Retrying: ${error.message}` });
  },
});
