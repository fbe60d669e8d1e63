import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ScrapedGauges } from '@orderbridge/messaging';
import { DataSource } from 'typeorm';
import { WAITING } from '../domain/fulfilment.js';
import { WaitingOrderRepository } from '../storage/waiting-order.repository.js';

const gauges = new ScrapedGauges(
  {
    orders_unfinished: 'Orders that wait for others, by status; of the oldest 10000',
    orders_unfinished_oldest_seconds: 'Age of the oldest of them, from its placing',
  },
  ['status'],
);

/** Lets each scrape count the orders under way. Those that have ended are counted as they are announced. */
@Injectable()
export class OrderMetrics implements OnApplicationBootstrap {
  constructor(
    private readonly waiting: WaitingOrderRepository,
    private readonly dataSource: DataSource,
  ) {}

  onApplicationBootstrap(): void {
    gauges.ask('orders', async () => {
      const rows = await this.waiting.count(this.dataSource.manager);
      const found = new Map(rows.map((row) => [row.status, row]));
      return WAITING.map((status) => {
        const { orders = 0, oldestSeconds = 0 } = found.get(status) ?? {};
        return {
          labels: { status },
          values: { orders_unfinished: orders, orders_unfinished_oldest_seconds: oldestSeconds },
        };
      });
    });
  }
}
