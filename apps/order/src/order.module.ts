import { Inject, Module, type DynamicModule, type OnApplicationBootstrap } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { KafkaModule, KafkaPublisher } from '@orderbridge/kafka';
import { MessagingModule, MESSAGING_MIGRATIONS, Pruner } from '@orderbridge/messaging';
import {
  Reconciliation1700000000020,
  ReconciliationController,
  reconciliationProviders,
} from '@orderbridge/reconciliation';
import { DatabaseModule, ServiceModule } from '@orderbridge/service';
import { DataSource } from 'typeorm';
import { CancelOrder } from './cancel-order/cancel-order.js';
import { CancelOrderController } from './cancel-order/cancel-order.controller.js';
import { FollowFulfilmentConsumer } from './follow-fulfilment/follow-fulfilment.consumer.js';
import { NoteDeadLettersConsumer } from './note-dead-letters/note-dead-letters.consumer.js';
import { ORDER_CONFIG, type OrderConfig } from './order-environment.js';
import { forgetOldKeys } from './place-order/idempotency.js';
import { OrderMetrics } from './measure-orders/order-metrics.js';
import { PlaceOrderController } from './place-order/place-order.controller.js';
import { PlaceOrder } from './place-order/place-order.js';
import { PriceList } from './price-list/price-list.js';
import { ProductEntity } from './price-list/product.entity.js';
import { seedProducts } from './price-list/seed-products.js';
import { OrderListing } from './report-orders/order-listing.js';
import { ReportOrdersConsumer } from './report-orders/report-orders.consumer.js';
import { ShowOrdersController } from './show-orders/show-orders.controller.js';
import { Cancellation1700000000002 } from './storage/cancellation.migration.js';
import { Deadlines1700000000003 } from './storage/deadlines.migration.js';
import { IdempotencyBody1700000000014 } from './storage/idempotency-body.migration.js';
import { IdempotencyKeyAge1700000000013 } from './storage/idempotency-key-age.migration.js';
import { DueOrders1700000000004 } from './storage/due-orders.migration.js';
import { OrderEntity } from './storage/order.entity.js';
import { OrderRepository } from './storage/order.repository.js';
import { OrderTables1700000000001 } from './storage/order-tables.migration.js';
import { TimelineEntryEntity } from './storage/timeline-entry.entity.js';
import { WaitingOrderRepository } from './storage/waiting-order.repository.js';
import { DeadlineWatcher } from './watch-deadlines/deadline-watcher.js';
import { WatchDeadlines } from './watch-deadlines/watch-deadlines.js';

const entities = [OrderEntity, TimelineEntryEntity, ProductEntity];

@Module({})
export class OrderModule implements OnApplicationBootstrap {
  constructor(
    private readonly dataSource: DataSource,
    private readonly pruner: Pruner,
    @Inject(ORDER_CONFIG) private readonly config: OrderConfig,
  ) {}

  static forRoot(config: OrderConfig): DynamicModule {
    return {
      module: OrderModule,
      imports: [
        ServiceModule,
        DatabaseModule.forRoot({
          config,
          applicationName: 'order',
          entities,
          migrations: [
            ...MESSAGING_MIGRATIONS,
            OrderTables1700000000001,
            Cancellation1700000000002,
            Deadlines1700000000003,
            IdempotencyKeyAge1700000000013,
            IdempotencyBody1700000000014,
            DueOrders1700000000004,
            Reconciliation1700000000020,
          ],
        }),
        TypeOrmModule.forFeature(entities),
        KafkaModule.forRoot(config, 'order'),
        MessagingModule.forRoot({
          service: 'order',
          publishers: [KafkaPublisher],
          inboxRetentionDays: config.INBOX_RETENTION_DAYS,
        }),
      ],
      controllers: [
        PlaceOrderController,
        CancelOrderController,
        ShowOrdersController,
        FollowFulfilmentConsumer,
        NoteDeadLettersConsumer,
        ReportOrdersConsumer,
        ReconciliationController,
      ],
      providers: [
        { provide: ORDER_CONFIG, useValue: config },
        OrderRepository,
        PriceList,
        PlaceOrder,
        CancelOrder,
        WaitingOrderRepository,
        WatchDeadlines,
        DeadlineWatcher,
        OrderMetrics,
        OrderListing,
        ...reconciliationProviders(config.RECONCILE_INTERVAL_SECONDS, OrderListing),
      ],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.config.SEED_FILE)
      await seedProducts(this.dataSource, this.config.SEED_FILE, this.config.CURRENCY);
    this.pruner.add({ subject: 'idempotency keys', prune: forgetOldKeys });
  }
}
