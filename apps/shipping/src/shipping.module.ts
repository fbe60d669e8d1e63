import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { KafkaModule, KafkaPublisher } from '@orderbridge/kafka';
import { MessagingModule, MESSAGING_MIGRATIONS } from '@orderbridge/messaging';
import { DatabaseModule, Readiness, ServiceModule } from '@orderbridge/service';
import {
  Reconciliation1700000000020,
  ReconciliationController,
  reconciliationProviders,
} from '@orderbridge/reconciliation';
import { watchedOperation } from '@orderbridge/work-items';
import { BookShipments } from './book-shipments/book-shipments.js';
import { BOOKING_CONCURRENCY, BookingQueue } from './book-shipments/booking-queue.js';
import { ResumeBookingsConsumer } from './book-shipments/resume-bookings.consumer.js';
import { CancelShipmentsConsumer } from './cancel-shipments/cancel-shipments.consumer.js';
import { CarrierOperations } from './carrier/carrier-operations.js';
import { CarrierClient } from './carrier/carrier.client.js';
import { CloseBookings } from './close-bookings/close-bookings.js';
import { ClosingQueue } from './close-bookings/closing-queue.js';
import { DeliveryWatcher } from './follow-deliveries/delivery-watcher.js';
import { FollowDeliveries } from './follow-deliveries/follow-deliveries.js';
import { Labels } from './labels/labels.js';
import { CarrierShipmentsListing } from './reconcile/carrier-shipments.listing.js';
import { CompareOrderStateConsumer } from './reconcile/compare-order-state.consumer.js';
import { OwnLabelsListing } from './reconcile/own-labels.listing.js';
import { RequestShipmentsConsumer } from './request-shipments/request-shipments.consumer.js';
import { SHIPPING_CONFIG, type ShippingConfig } from './shipping-environment.js';
import { ShowShipmentsController } from './show-shipments/show-shipments.controller.js';
import { Cancellation1700000000002 } from './storage/cancellation.migration.js';
import { Closing1700000000005 } from './storage/closing.migration.js';
import { ClosingRepository } from './storage/closing.repository.js';
import { Deliveries1700000000003 } from './storage/deliveries.migration.js';
import { DeliveryRepository } from './storage/delivery.repository.js';
import { LabelEntity } from './storage/label.entity.js';
import { LostLabels1700000000006 } from './storage/lost-labels.migration.js';
import { ShipmentEntity } from './storage/shipment.entity.js';
import { ShipmentRepository } from './storage/shipment.repository.js';
import { ShippingTables1700000000001 } from './storage/shipping-tables.migration.js';
import { VoidRepository } from './storage/void.repository.js';
import { WorkItemFailures1700000000004 } from './storage/work-item-failures.migration.js';
import { ResumeVoidsConsumer } from './void-shipments/resume-voids.consumer.js';
import { VOID_CONCURRENCY, VoidQueue } from './void-shipments/void-queue.js';
import { VoidShipments } from './void-shipments/void-shipments.js';

const entities = [ShipmentEntity, LabelEntity];

@Module({})
export class ShippingModule {
  static forRoot(config: ShippingConfig): DynamicModule {
    return {
      module: ShippingModule,
      imports: [
        ServiceModule,
        DatabaseModule.forRoot({
          config,
          applicationName: 'shipping',
          entities,
          migrations: [
            ...MESSAGING_MIGRATIONS,
            ShippingTables1700000000001,
            Cancellation1700000000002,
            Deliveries1700000000003,
            WorkItemFailures1700000000004,
            Closing1700000000005,
            LostLabels1700000000006,
            Reconciliation1700000000020,
          ],
        }),
        TypeOrmModule.forFeature(entities),
        KafkaModule.forRoot(config, 'shipping'),
        MessagingModule.forRoot({
          service: 'shipping',
          publishers: [KafkaPublisher],
          inboxRetentionDays: config.INBOX_RETENTION_DAYS,
        }),
      ],
      controllers: [
        RequestShipmentsConsumer,
        CancelShipmentsConsumer,
        ResumeBookingsConsumer,
        ResumeVoidsConsumer,
        CompareOrderStateConsumer,
        ReconciliationController,
        ShowShipmentsController,
      ],
      providers: [
        { provide: SHIPPING_CONFIG, useValue: config },
        ShipmentRepository,
        DeliveryRepository,
        ClosingRepository,
        VoidRepository,
        Labels,
        {
          provide: CarrierClient,
          useFactory: () =>
            new CarrierClient(
              config.CARRIER_URL,
              config.CARRIER_TIMEOUT_MS,
              BOOKING_CONCURRENCY + VOID_CONCURRENCY,
            ),
        },
        {
          provide: CarrierOperations,
          inject: [Readiness],
          useFactory: (readiness: Readiness) => {
            const operation = (name: string) => watchedOperation('carrier', name, readiness);
            return new CarrierOperations(
              operation('booking'),
              operation('void'),
              operation('deliveries'),
              operation('lookup'),
            );
          },
        },
        BookShipments,
        BookingQueue,
        CloseBookings,
        ClosingQueue,
        VoidShipments,
        VoidQueue,
        FollowDeliveries,
        DeliveryWatcher,
        CarrierShipmentsListing,
        OwnLabelsListing,
        ...reconciliationProviders(
          config.RECONCILE_INTERVAL_SECONDS,
          CarrierShipmentsListing,
          OwnLabelsListing,
        ),
      ],
    };
  }
}
