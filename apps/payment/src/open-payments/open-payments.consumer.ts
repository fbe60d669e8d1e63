import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  causedBy,
  inventoryOutOfStock,
  inventoryReserved,
  toMinorUnits,
  type CloudEvent,
  type DataOf,
} from '@orderbridge/contracts';
import { OnEvent, PermanentError, type EventContext, type UnitOfWork } from '@orderbridge/messaging';
import { v7 as uuid } from 'uuid';
import { announce } from '../charge-payments/charge-payments.js';
import { UndoPayments } from '../cancel-payments/undo-payments.js';
import { announceRefund } from '../refund-payments/announce-refund.js';
import { sameTerms, type ChargeDecision } from '../domain/payment.js';
import { ChargeQueue } from '../charge-payments/charge-queue.js';
import type { PaymentEntity } from '../storage/payment.entity.js';
import { PaymentRepository, type NewPayment } from '../storage/payment.repository.js';
import { unpaidPayment } from './unpaid-payment.js';

type Reserved = CloudEvent<DataOf<typeof inventoryReserved>>;
type OutOfStock = CloudEvent<DataOf<typeof inventoryOutOfStock>>;

/**
 * Opens a payment for each order that inventory has decided on: due for a charge, or closed unpaid. What was paid by hand
 * for an order that is out of stock is undone.
 */
@Controller()
export class OpenPaymentsConsumer {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly charges: ChargeQueue,
    private readonly undoPayments: UndoPayments,
  ) {}

  @OnEvent(inventoryReserved)
  async open(@Payload() events: readonly Reserved[], @Ctx() { unitOfWork }: EventContext): Promise<void> {
    const existing = await this.payments.insert(unitOfWork.manager, events.map(toPayment));
    for (const event of events) if (existing.has(event.data.orderId)) await this.#join(unitOfWork, event);
    unitOfWork.afterCommit(() => this.charges.wake());
  }

  @OnEvent(inventoryOutOfStock)
  async closeUnpaid(
    @Payload() events: readonly OutOfStock[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    const existing = await this.payments.insert(unitOfWork.manager, events.map(unpaidPayment));
    const paid = events.filter(({ data }) => existing.has(data.orderId));
    if (paid.length === 0) return;
    const causes = new Map(paid.map((event) => [event.data.orderId, causedBy(event)]));
    await this.undoPayments.undo(unitOfWork, causes, false);
  }

  /** The order was paid by hand before it came through the pipeline: it takes that payment over. */
  async #join(unit: UnitOfWork, event: Reserved): Promise<void> {
    const wanted = toPayment(event);
    const [payment] = await this.payments.lockOfOrders(unit.manager, [wanted.orderId]);
    if (!payment || !wanted.fulfilment)
      throw new Error(`The payment of the order ${wanted.orderId} is gone.`);
    if (!sameTerms(payment, wanted)) {
      throw new PermanentError(
        `The order ${wanted.orderId} has a payment of ${payment.amount} ${payment.currency}, not ${wanted.amount} ${wanted.currency} (minor units).`,
      );
    }
    await this.payments.attachFulfilment(unit.manager, payment.id, wanted.fulfilment, wanted.cause);
    if (payment.status === 'REFUNDED') announceRefund(unit, payment, wanted.cause);
    const decision = decisionOf(payment);
    if (!decision) return;
    const invoice = await this.payments.invoiceOf(payment.id, unit.manager);
    announce(unit, { ...wanted, id: payment.id, userId: payment.userId }, decision, invoice?.number);
  }
}

function toPayment(event: Reserved): NewPayment {
  const { orderId, userId, totalAmount, currency, paymentToken, lines, shipTo } = event.data;
  return {
    id: uuid(),
    orderId,
    userId,
    status: 'PENDING',
    amount: toMinorUnits(totalAmount),
    currency,
    paymentToken,
    fulfilment: { lines, shipTo },
    cause: causedBy(event),
  };
}

/** What the gateway has decided about a payment so far. */
function decisionOf({
  status,
  chargeId,
  failureCode,
  failureReason,
}: PaymentEntity): ChargeDecision | undefined {
  if (status === 'SUCCEEDED') return { approved: true, chargeId: chargeId ?? '' };
  if (status === 'FAILED') return { approved: false, code: failureCode ?? '', reason: failureReason ?? '' };
  return undefined;
}
