import { Counter } from 'prom-client';

export const overdue = new Counter({
  name: 'orders_overdue_total',
  help: 'Orders past their deadline, by the status they were in and what was done: nudge, time out',
  labelNames: ['status', 'action'],
});
