import { Inject, Module, type DynamicModule, type OnApplicationBootstrap } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { KafkaModule, KafkaPublisher } from '@orderbridge/kafka';
import { MessagingModule, MESSAGING_MIGRATIONS } from '@orderbridge/messaging';
import { IbmMqMessagingModule, IbmMqPublisher } from '@orderbridge/messaging-ibm-mq';
import {
  Reconciliation1700000000020,
  ReconciliationController,
  reconciliationProviders,
} from '@orderbridge/reconciliation';
import { DatabaseModule, ServiceModule } from '@orderbridge/service';
import { DataSource } from 'typeorm';
import { INVENTORY_CONFIG, type InventoryConfig } from './inventory-environment.js';
import { ManageStockController } from './manage-stock/manage-stock.controller.js';
import { seedStock } from './manage-stock/seed-stock.js';
import { CheckReservations } from './reconcile-stock/check-reservations.js';
import { ReconcileStockConsumer } from './reconcile-stock/reconcile-stock.consumer.js';
import { ReservationListing } from './reconcile-stock/reservation-listing.js';
import { ReleaseStockConsumer } from './release-stock/release-stock.consumer.js';
import { ReserveStockConsumer } from './reserve-stock/reserve-stock.consumer.js';
import { ShipStockConsumer } from './ship-stock/ship-stock.consumer.js';
import { InventoryTables1700000000001 } from './storage/inventory-tables.migration.js';
import { OpenReservations1700000000003 } from './storage/open-reservations.migration.js';
import { Rejections1700000000002 } from './storage/rejections.migration.js';
import { ReservationRepository } from './storage/reservation.repository.js';
import { StockEntity } from './storage/stock.entity.js';
import { StockRepository } from './storage/stock.repository.js';

@Module({})
export class InventoryModule implements OnApplicationBootstrap {
  constructor(
    private readonly dataSource: DataSource,
    @Inject(INVENTORY_CONFIG) private readonly config: InventoryConfig,
  ) {}

  static forRoot(config: InventoryConfig): DynamicModule {
    return {
      module: InventoryModule,
      imports: [
        ServiceModule,
        DatabaseModule.forRoot({
          config,
          applicationName: 'inventory',
          entities: [StockEntity],
          migrations: [
            ...MESSAGING_MIGRATIONS,
            InventoryTables1700000000001,
            Rejections1700000000002,
            OpenReservations1700000000003,
            Reconciliation1700000000020,
          ],
        }),
        TypeOrmModule.forFeature([StockEntity]),
        KafkaModule.forRoot(config, 'inventory'),
        IbmMqMessagingModule.forRoot(config, 'inventory'),
        MessagingModule.forRoot({
          service: 'inventory',
          publishers: [KafkaPublisher, IbmMqPublisher],
          inboxRetentionDays: config.INBOX_RETENTION_DAYS,
        }),
      ],
      controllers: [
        ManageStockController,
        ReserveStockConsumer,
        ReleaseStockConsumer,
        ShipStockConsumer,
        ReconcileStockConsumer,
        ReconciliationController,
      ],
      providers: [
        { provide: INVENTORY_CONFIG, useValue: config },
        StockRepository,
        ReservationRepository,
        ReservationListing,
        CheckReservations,
        ...reconciliationProviders(config.RECONCILE_INTERVAL_SECONDS, ReservationListing),
      ],
    };
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.config.SEED_FILE) await seedStock(this.dataSource, this.config.SEED_FILE);
  }
}
