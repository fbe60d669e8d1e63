import { ORDERS } from '@orderbridge/contracts';
import { CancelPaymentsConsumer } from '../../../../apps/payment/src/cancel-payments/cancel-payments.consumer.js';
import { GatewayOperations } from '../../../../apps/payment/src/payment-gateway/gateway-operations.js';
import { ResumeChargesConsumer } from '../../../../apps/payment/src/charge-payments/resume-charges.consumer.js';
import { ResumeRefundsConsumer } from '../../../../apps/payment/src/refund-payments/resume-refunds.consumer.js';
import { RejectPaymentsConsumer } from '../../../../apps/payment/src/reject-payments/reject-payments.consumer.js';
import { UndoPayments } from '../../../../apps/payment/src/cancel-payments/undo-payments.js';
import { ChargePayments } from '../../../../apps/payment/src/charge-payments/charge-payments.js';
import type { ChargeQueue } from '../../../../apps/payment/src/charge-payments/charge-queue.js';
import { OpenPaymentsConsumer } from '../../../../apps/payment/src/open-payments/open-payments.consumer.js';
import type { PaymentGatewayClient } from '../../../../apps/payment/src/payment-gateway/payment-gateway.client.js';
import { RefundPayments } from '../../../../apps/payment/src/refund-payments/refund-payments.js';
import { RefundPaymentsConsumer } from '../../../../apps/payment/src/refund-payments/refund-payments.consumer.js';
import type { RefundQueue } from '../../../../apps/payment/src/refund-payments/refund-queue.js';
import type {
  NewPayment,
  PaymentRepository,
} from '../../../../apps/payment/src/storage/payment.repository.js';
import type { RefundRepository } from '../../../../apps/payment/src/storage/refund.repository.js';
import type { StrayChargeRepository } from '../../../../apps/payment/src/storage/stray-charge.repository.js';
import type { ReconciliationRepository } from '../../../../libs/reconciliation/src/index.js';
import { FakeReconciliationRepository } from '../fake-reconciliation.repository.js';
import type { Program } from '../program.js';
import { FakePaymentRepository } from './fake-payment.repository.js';
import { FakeRefundRepository } from './fake-refund.repository.js';

/** The simulator does not reconcile payments with the gateway: there are no stray charges. */
const NO_STRAY_CHARGES = {
  resume: () => Promise.resolve(),
  giveUp: () => Promise.resolve(),
} as unknown as StrayChargeRepository;

/** What can be asked of a process of the payment service. */
export interface PaymentApi {
  /** What `POST /payment` commits. */
  payByHand(payment: NewPayment): Promise<void>;
}

/** apps/payment on fakes. */
export function startPayment(program: Program): void {
  const { world, session, process, unitsOfWork } = program;
  const { tables } = world.payment;
  const payments = world.part(
    'payments',
    new FakePaymentRepository(session, tables),
    program,
  ) as PaymentRepository;
  const refunds = new FakeRefundRepository(session, tables) as unknown as RefundRepository;
  const gateway = world.part('gateway', world.gateway.client(process), program) as PaymentGatewayClient;
  const operations = new GatewayOperations(
    program.operation('charge'),
    program.operation('refund'),
    program.operation('lookup'),
  );
  const refundQueue = program.work(
    new RefundPayments(refunds, gateway, operations, unitsOfWork),
  ) as RefundQueue;
  const reconciliation = new FakeReconciliationRepository(session, tables.reconciliation);
  const chargeQueue = program.work(
    new ChargePayments(
      payments,
      gateway,
      operations,
      refundQueue,
      unitsOfWork,
      reconciliation as unknown as ReconciliationRepository,
    ),
  ) as ChargeQueue;
  world.paymentApis.set(process, {
    payByHand: async (payment) => {
      await unitsOfWork.run((unit) => payments.insert(unit.manager, [payment]));
      chargeQueue.wake();
    },
  });
  process.atCrash(() => world.paymentApis.delete(process));
  const undoPayments = new UndoPayments(payments, refundQueue);
  program.publish();
  program.consumeIbmMq(new OpenPaymentsConsumer(payments, chargeQueue, undoPayments));
  program.consumeKafka(
    [ORDERS.name],
    new CancelPaymentsConsumer(payments, undoPayments),
    new RejectPaymentsConsumer(undoPayments),
    new RefundPaymentsConsumer(refunds, payments, refundQueue),
    new ResumeChargesConsumer(payments, chargeQueue),
    new ResumeRefundsConsumer(refunds, refundQueue, NO_STRAY_CHARGES),
  );
}
