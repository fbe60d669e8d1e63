import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { KafkaModule, KafkaPublisher } from '@orderbridge/kafka';
import { MessagingModule, MESSAGING_MIGRATIONS } from '@orderbridge/messaging';
import { BackoutLedger1700000000041, IbmMqMessagingModule } from '@orderbridge/messaging-ibm-mq';
import {
  Reconciliation1700000000020,
  ReconciliationController,
  reconciliationProviders,
} from '@orderbridge/reconciliation';
import { DatabaseModule, Readiness, ServiceModule } from '@orderbridge/service';
import { watchedOperation } from '@orderbridge/work-items';
import { CancelPaymentsConsumer } from './cancel-payments/cancel-payments.consumer.js';
import { UndoPayments } from './cancel-payments/undo-payments.js';
import { ChargePayments } from './charge-payments/charge-payments.js';
import { CHARGE_CONCURRENCY, ChargeQueue } from './charge-payments/charge-queue.js';
import { ResumeChargesConsumer } from './charge-payments/resume-charges.consumer.js';
import { ManualPaymentController } from './manual-payment/manual-payment.controller.js';
import { OpenPaymentsConsumer } from './open-payments/open-payments.consumer.js';
import type { PaymentConfig } from './payment-environment.js';
import { GatewayOperations } from './payment-gateway/gateway-operations.js';
import { PaymentGatewayClient } from './payment-gateway/payment-gateway.client.js';
import { CompareOrderStateConsumer } from './reconcile/compare-order-state.consumer.js';
import { GatewayChargesListing } from './reconcile/gateway-charges.listing.js';
import { GatewayRefundsListing } from './reconcile/gateway-refunds.listing.js';
import { NoteCharges } from './reconcile/note-charges.js';
import { RefundStrayCharges } from './reconcile/refund-stray-charges.js';
import { StrayRefundQueue } from './reconcile/stray-refund-queue.js';
import { RejectPaymentsConsumer } from './reject-payments/reject-payments.consumer.js';
import { RefundPayments } from './refund-payments/refund-payments.js';
import { RefundPaymentsConsumer } from './refund-payments/refund-payments.consumer.js';
import { REFUND_CONCURRENCY, RefundQueue } from './refund-payments/refund-queue.js';
import { ResumeRefundsConsumer } from './refund-payments/resume-refunds.consumer.js';
import { ShowPaymentsController } from './show-payments/show-payments.controller.js';
import { ChargeKeys1700000000004 } from './storage/charge-keys.migration.js';
import { Compensation1700000000002 } from './storage/compensation.migration.js';
import { ForgottenPaymentRepository } from './storage/forgotten-payment.repository.js';
import { InvoiceEntity } from './storage/invoice.entity.js';
import { PaymentEntity } from './storage/payment.entity.js';
import { PaymentRepository } from './storage/payment.repository.js';
import { PaymentTables1700000000001 } from './storage/payment-tables.migration.js';
import { RefundRepository } from './storage/refund.repository.js';
import { StrayChargeRepository } from './storage/stray-charge.repository.js';
import { StrayCharges1700000000005 } from './storage/stray-charges.migration.js';
import { WorkItemFailures1700000000003 } from './storage/work-item-failures.migration.js';

const entities = [PaymentEntity, InvoiceEntity];

@Module({})
export class PaymentModule {
  static forRoot(config: PaymentConfig): DynamicModule {
    return {
      module: PaymentModule,
      imports: [
        ServiceModule,
        DatabaseModule.forRoot({
          config,
          applicationName: 'payment',
          entities,
          migrations: [
            ...MESSAGING_MIGRATIONS,
            PaymentTables1700000000001,
            Compensation1700000000002,
            WorkItemFailures1700000000003,
            BackoutLedger1700000000041,
            ChargeKeys1700000000004,
            StrayCharges1700000000005,
            Reconciliation1700000000020,
          ],
        }),
        TypeOrmModule.forFeature(entities),
        KafkaModule.forRoot(config, 'payment'),
        IbmMqMessagingModule.forRoot(config, 'payment'),
        MessagingModule.forRoot({
          service: 'payment',
          publishers: [KafkaPublisher],
          inboxRetentionDays: config.INBOX_RETENTION_DAYS,
        }),
      ],
      controllers: [
        OpenPaymentsConsumer,
        RefundPaymentsConsumer,
        ResumeChargesConsumer,
        ResumeRefundsConsumer,
        CancelPaymentsConsumer,
        RejectPaymentsConsumer,
        CompareOrderStateConsumer,
        ReconciliationController,
        ShowPaymentsController,
        ManualPaymentController,
      ],
      providers: [
        PaymentRepository,
        RefundRepository,
        ForgottenPaymentRepository,
        StrayChargeRepository,
        {
          provide: PaymentGatewayClient,
          useFactory: () =>
            new PaymentGatewayClient(
              config.PAYMENT_GATEWAY_URL,
              config.PAYMENT_GATEWAY_TIMEOUT_MS,
              CHARGE_CONCURRENCY + REFUND_CONCURRENCY,
            ),
        },
        {
          provide: GatewayOperations,
          inject: [Readiness],
          useFactory: (readiness: Readiness) => {
            const operation = (name: string) => watchedOperation('payment-gateway', name, readiness);
            return new GatewayOperations(operation('charge'), operation('refund'), operation('lookup'));
          },
        },
        UndoPayments,
        ChargePayments,
        ChargeQueue,
        RefundPayments,
        RefundQueue,
        RefundStrayCharges,
        StrayRefundQueue,
        NoteCharges,
        GatewayChargesListing,
        GatewayRefundsListing,
        ...reconciliationProviders(
          config.RECONCILE_INTERVAL_SECONDS,
          GatewayChargesListing,
          GatewayRefundsListing,
        ),
      ],
    };
  }
}
