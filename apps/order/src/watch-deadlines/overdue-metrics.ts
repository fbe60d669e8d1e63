import { Counter } from 'prom-client';
import { WAITING } from '../domain/fulfilment.js';

const ACTIONS = ['nudge', 'time out'];

export const overdue = new Counter({
  name: 'orders_overdue_total',
  help: `Orders past their deadline, by the status they were in and what was done: ${ACTIONS.join(', ')}`,
  labelNames: ['status', 'action'],
});
// Prometheus sees an increase only from a value that it has seen: the first order counts, too.
for (const status of WAITING) for (const action of ACTIONS) overdue.inc({ status, action }, 0);

export const undecided = new Counter({
  name: 'orders_undecided_total',
  help: 'Times that the deadline of an order could not be decided; the log names the order and the error',
});
