import { Controller } from '@nestjs/common';
import { Ctx, Payload } from '@nestjs/microservices';
import {
  causedBy,
  orderStateReported,
  toMinorUnits,
  type CloudEvent,
  type DataOf,
} from '@orderbridge/contracts';
import { sendAsDeadLetter } from '@orderbridge/kafka';
import { OnEvent, type EventContext, type UnitOfWork } from '@orderbridge/messaging';
import { ReconciliationRepository, type Counts } from '@orderbridge/reconciliation';
import { v7 as uuid } from 'uuid';
import { announce } from '../charge-payments/charge-payments.js';
import { ChargeQueue } from '../charge-payments/charge-queue.js';
import { isUncharged, sameTerms, whenCancelled } from '../domain/payment.js';
import { phaseOf, verdictOf, type Phase } from '../domain/reconciliation.js';
import { announceRefund } from '../refund-payments/announce-refund.js';
import { RefundQueue } from '../refund-payments/refund-queue.js';
import {
  ForgottenPaymentRepository,
  type ForgottenPayment,
} from '../storage/forgotten-payment.repository.js';
import type { PaymentEntity } from '../storage/payment.entity.js';
import { PaymentRepository } from '../storage/payment.repository.js';
import { StrayChargeRepository, type StrayCharge } from '../storage/stray-charge.repository.js';
import { StrayRefundQueue } from './stray-refund-queue.js';

type OrderStateReported = CloudEvent<DataOf<typeof orderStateReported>>;

/** An order's report, and what is known here. */
interface Compared {
  readonly event: OrderStateReported;
  readonly phase: Phase;
  /** As it was before it was repaired. */
  readonly payment: PaymentEntity | undefined;
}

/**
 * Compares orders with their payments and with what was found at the gateway. A payment that was forgotten is made again, and
 * the gateway is asked what it has of it; what stays charged of an order that is over, or does not exist and has no parcel
 * that left, is refunded; what
 * an order that waits has not heard is announced again. What a person must decide becomes a dead letter. The charge of an
 * order that exists and is fine is not touched.
 */
@Controller()
export class CompareOrderStateConsumer {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly forgotten: ForgottenPaymentRepository,
    private readonly strays: StrayChargeRepository,
    private readonly reconciliation: ReconciliationRepository,
    private readonly charges: ChargeQueue,
    private readonly refunds: RefundQueue,
    private readonly strayRefunds: StrayRefundQueue,
  ) {}

  @OnEvent(orderStateReported)
  async compare(
    @Payload() events: readonly OrderStateReported[],
    @Ctx() { unitOfWork }: EventContext,
  ): Promise<void> {
    const { manager } = unitOfWork;
    // Of several reports about one order the last one counts.
    const reports = new Map(events.map((event) => [event.data.orderId, event]));
    const own = new Map(
      (await this.payments.lockOfOrders(manager, [...reports.keys()])).map((one) => [one.orderId, one]),
    );
    const found = await this.strays.lockOfOrders(manager, [...reports.keys()]);
    const counts: Record<string, number> = {};
    const count = (more: Counts): void => {
      for (const [name, number] of Object.entries(more)) counts[name] = (counts[name] ?? 0) + number;
    };
    await this.forgotten.passInvoiceNumbers(
      manager,
      [...reports.values()].flatMap(({ data }) => data.order?.invoiceNumber ?? []),
    );
    for (const [orderId, event] of reports) {
      const compared = {
        event,
        phase: phaseOf(event.data.order, event.data.parcel),
        payment: own.get(orderId),
      };
      const charges = found.filter((charge) => charge.orderId === orderId);
      count(await this.#repair(unitOfWork, compared, charges));
      const payment = await this.#now(unitOfWork, orderId, compared, charges);
      for (const charge of charges) count(await this.#judge(unitOfWork, compared, payment, charge));
    }
    await this.reconciliation.count(manager, counts);
    unitOfWork.afterCommit(() => {
      this.charges.wake();
      this.refunds.wake();
      this.strayRefunds.wake();
    });
  }

  /** The payment as it is after its repair. */
  async #now(
    unit: UnitOfWork,
    orderId: string,
    { payment }: Compared,
    charges: readonly StrayCharge[],
  ): Promise<PaymentEntity | undefined> {
    if (charges.length === 0) return payment;
    const [now] = await this.payments.lockOfOrders(unit.manager, [orderId]);
    return now;
  }

  /** Repairs the payment itself, whatever was found at the gateway. */
  async #repair(
    unit: UnitOfWork,
    { event, phase, payment }: Compared,
    charges: readonly StrayCharge[],
  ): Promise<Counts> {
    const { order } = event.data;
    if (payment && phase === 'over') return this.#undo(unit, event, payment, charges);
    if (!order) return {};
    if (!payment) return this.#remember(unit, event, phase);
    const { status } = payment;
    const cause = causedBy(event);
    if (phase === 'paid') {
      if (status === 'PENDING') await this.forgotten.expectCharge(unit.manager, payment.id);
      // What a person has given up stays so.
      else if (isUncharged(status) && !payment.givenUp) return this.#remember(unit, event, phase, payment);
      else if (status === 'REFUNDED' && order.status === 'PAID') announceRefund(unit, payment, cause);
    } else if (phase === 'unpaid') await this.#announceAgain(unit, event, payment);
    return {};
  }

  /** Nothing may stay charged of an order that is over. What was paid by hand may be there before its order. */
  async #undo(
    unit: UnitOfWork,
    event: OrderStateReported,
    payment: PaymentEntity,
    charges: readonly StrayCharge[],
  ): Promise<Counts> {
    const { order } = event.data;
    const cause = causedBy(event);
    if (!order && !payment.fulfilment) return {};
    if (payment.status === 'REFUNDED' && order?.status === 'FULFILMENT_FAILED')
      announceRefund(unit, payment, cause);
    if (payment.status !== 'SUCCEEDED' && payment.status !== 'PENDING') return {};
    if (!order) await this.forgotten.forgetUser(unit.manager, payment.id);
    // What the gateway has given back is adopted.
    const isRefunded = charges.some(
      ({ chargeId, refundId }) => chargeId === payment.chargeId && refundId !== null,
    );
    if (isRefunded) return {};
    const status = whenCancelled(payment.status, payment.attempts);
    await this.payments.cancel(unit.manager, payment.id, status, cause);
    return status === 'REFUNDING' ? { refunded: 1 } : {};
  }

  /** Makes a payment again that is missing, or says that nothing was charged of an order that is paid. */
  async #remember(
    unit: UnitOfWork,
    event: OrderStateReported,
    phase: Phase,
    before?: PaymentEntity,
  ): Promise<Counts> {
    const { orderId, order } = event.data;
    // Inventory says again that the order is reserved when that one is nudged.
    if (!order || order.status === 'PLACED') return {};
    const payment: ForgottenPayment = {
      id: before?.id ?? uuid(),
      orderId,
      userId: order.userId,
      amount: before?.amount ?? toMinorUnits(order.totalAmount),
      currency: before?.currency ?? order.currency,
      paymentToken: order.paymentToken,
      fulfilment: { lines: order.lines, shipTo: order.shipTo },
      cause: causedBy(event),
      expectation: phase === 'over' ? 'none' : phase === 'unpaid' ? 'charge or none' : 'charge',
    };
    await this.forgotten.remember(unit.manager, payment);
    if (order.invoiceNumber !== null && phase !== 'over')
      await this.forgotten.keepInvoice(unit.manager, payment, order.invoiceNumber);
    return { remembered: 1 };
  }

  /** The order waits for its payment: it has not heard of it. */
  async #announceAgain(unit: UnitOfWork, event: OrderStateReported, payment: PaymentEntity): Promise<void> {
    const { order } = event.data;
    const { status, chargeId, failureCode, failureReason } = payment;
    const cause = causedBy(event);
    if (status === 'REFUNDED') announceRefund(unit, payment, cause);
    if (!order || (status !== 'SUCCEEDED' && status !== 'FAILED')) return;
    if (!sameTerms(payment, { amount: toMinorUnits(order.totalAmount), currency: order.currency })) return;
    const fulfilment = { lines: order.lines, shipTo: order.shipTo };
    const invoice = await this.payments.invoiceOf(payment.id, unit.manager);
    const decision =
      status === 'SUCCEEDED'
        ? ({ approved: true, chargeId: chargeId ?? '' } as const)
        : ({ approved: false, code: failureCode ?? '', reason: failureReason ?? '' } as const);
    announce(unit, Object.assign(payment, { fulfilment, cause }), decision, invoice?.number);
  }

  /** Decides about what was found at the gateway. */
  async #judge(
    unit: UnitOfWork,
    compared: Compared,
    payment: PaymentEntity | undefined,
    charge: StrayCharge,
  ): Promise<Counts> {
    const { manager } = unit;
    const { event, phase } = compared;
    switch (verdictOf(charge, payment, phase)) {
      case 'forget':
        await this.strays.forget(manager, charge.chargeId);
        return {};
      case 'close':
        await this.strays.close(manager, charge.chargeId);
        return {};
      case 'refund':
        await this.strays.refund(manager, charge.chargeId, causedBy(event));
        return { refunded: 1 };
      case 'adopt refund':
        return this.#adoptRefund(unit, event, payment as PaymentEntity, charge);
      case 'park':
        return this.#park(unit, event, charge, payment);
      case 'wait':
      default:
        return {};
    }
  }

  /** The gateway has given the payment's charge back. A parcel that has left all the same is for a person to decide. */
  async #adoptRefund(
    unit: UnitOfWork,
    event: OrderStateReported,
    payment: PaymentEntity,
    charge: StrayCharge,
  ): Promise<Counts> {
    const { order } = event.data;
    const refundId = charge.refundId as string;
    await this.forgotten.adoptRefund(unit.manager, payment.id, refundId);
    if (order) announceRefund(unit, Object.assign(payment, { refundId }), causedBy(event));
    const hasLeft = order?.status === 'SHIPPED' || order?.status === 'DELIVERED';
    if (hasLeft) return { adopted: 1, ...(await this.#park(unit, event, charge, payment)) };
    await this.strays.forget(unit.manager, charge.chargeId);
    return { adopted: 1 };
  }

  async #park(
    unit: UnitOfWork,
    event: OrderStateReported,
    { chargeId, refundId }: StrayCharge,
    payment: PaymentEntity | undefined,
  ): Promise<Counts> {
    const { orderId, order } = event.data;
    const has = refundId === null ? 'has a charge' : 'has refunded the charge';
    const reason = `The gateway ${has} ${chargeId} of the order ${orderId}, which is ${order?.status ?? 'unknown'}, and whose payment is ${payment?.status ?? 'unknown'}${payment?.chargeId ? ` with the charge ${payment.chargeId}` : ''}. Find out what the customer owes, charge or refund by hand at the gateway, and discard this dead letter.`;
    const now = new Date();
    sendAsDeadLetter(unit, 'payment', orderStateReported, event.data, causedBy(event), {
      error: new Error(reason),
      attempts: 1,
      firstTried: now,
      lastTried: now,
    });
    await this.strays.park(unit.manager, chargeId);
    return { parked: 1 };
  }
}
