import type { Logger } from '@nestjs/common';
import { Counter } from 'prom-client';
import type { WorkItemObserver } from './work-item-processor.js';

const items = new Counter({
  name: 'work_items_total',
  help: 'Calls to the outside world by what became of them: settled, postponed',
  labelNames: ['kind', 'outcome'],
});

/** Counts and logs what the processor of one kind of work items does. */
export const workItemMetrics = (kind: string, logger: Logger): WorkItemObserver => ({
  settled(count) {
    items.inc({ kind, outcome: 'settled' }, count);
  },
  postponed({ id, attempts }, error, delay) {
    items.inc({ kind, outcome: 'postponed' });
    logger.warn({ kind, id, attempts, delay, message: `Postponed: ${error.message}` });
  },
  retrying(error, failures) {
    logger.warn({ kind, failures, message: `Trying again: ${error.message}` });
  },
});
