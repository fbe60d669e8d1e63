import { Injectable } from '@nestjs/common';
import {
  chargeRequested,
  paymentCancelled,
  paymentFailed,
  paymentPostponed,
  paymentProcessed,
  toMajorUnits,
} from '@orderbridge/contracts';
import { sendAsDeadLetter } from '@orderbridge/kafka';
import { UnitsOfWork, type UnitOfWork } from '@orderbridge/messaging';
import type {
  Backlog,
  Capacity,
  Finished,
  Postponement,
  TakeRequest,
  WorkItemHandlers,
} from '@orderbridge/work-items';
import type { ChargeDecision } from '../domain/payment.js';
import { GatewayOperations } from '../payment-gateway/gateway-operations.js';
import { PaymentGatewayClient } from '../payment-gateway/payment-gateway.client.js';
import { RefundQueue } from '../refund-payments/refund-queue.js';
import { PaymentRepository, type ChargeItem, type DecidedPayment } from '../storage/payment.repository.js';

/** Charges what is due and announces what the gateway decided. */
@Injectable()
export class ChargePayments implements WorkItemHandlers<ChargeItem, ChargeDecision> {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly gateway: PaymentGatewayClient,
    private readonly operations: GatewayOperations,
    private readonly refunds: RefundQueue,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  capacity(): Capacity {
    return this.operations.charge.capacity;
  }

  take(request: TakeRequest): Promise<ChargeItem[]> {
    return this.payments.takeDue(request);
  }

  perform(item: ChargeItem): Promise<ChargeDecision> {
    return this.operations.charge.execute(item, () => this.gateway.charge(item));
  }

  async postpone(item: ChargeItem, postponement: Postponement): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const postponed = await this.payments.postpone(unit.manager, item, postponement);
      if (!postponed) return;
      const { userId, cause } = postponed;
      const { id: paymentId, orderId, attempts } = item;
      const { error, delayMs } = postponement;
      const retry = { step: 'charge', attempts, reason: error.message, retryAfter: delayMs / 1_000 } as const;
      unit.send(paymentPostponed, { orderId, userId, paymentId, ...retry }, cause);
    });
  }

  /** The dead letter, redriven, makes the charge due again. */
  async park(item: ChargeItem, error: Error, itemFailures: number): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const parked = await this.payments.park(unit.manager, item, itemFailures);
      if (!parked) return;
      const { id: paymentId, orderId, amount, currency, paymentToken, cause, wantedSince } = parked;
      const data = { orderId, paymentId, amount: toMajorUnits(amount), currency, paymentToken };
      const rejection = { error, attempts: item.attempts, firstTried: wantedSince, lastTried: new Date() };
      sendAsDeadLetter(unit, 'payment', chargeRequested, data, cause, rejection);
    });
  }

  backlog(): Promise<Backlog> {
    return this.payments.backlog();
  }

  async settle(finished: readonly Finished<ChargeItem, ChargeDecision>[]): Promise<void> {
    const decisions = new Map(finished.map(({ item, result }) => [item.id, result]));
    await this.unitsOfWork.run(async (unit) => {
      const decided = await this.payments.decide(
        unit.manager,
        [...decisions].map(([id, decision]) => ({ id, decision })),
      );
      const approved = decided.filter(({ id, cancelled }) => decisions.get(id)?.approved && !cancelled);
      const invoices = await this.payments.issueInvoices(unit.manager, approved);
      for (const payment of decided) {
        const { id: paymentId, orderId, userId, cause, cancelled } = payment;
        // What was taken for a cancelled order is due for a refund now, and is told when it is given back.
        if (cancelled && decisions.get(paymentId)?.approved) unit.afterCommit(() => this.refunds.wake());
        else if (cancelled) unit.send(paymentCancelled, { orderId, userId, paymentId }, cause);
        else announce(unit, payment, decisions.get(payment.id) as ChargeDecision, invoices.get(payment.id));
      }
    });
  }
}

/** Tells shipping and order, once the order is known; a manual payment may be there before its order. */
export function announce(
  unit: UnitOfWork,
  { id: paymentId, orderId, userId, amount, currency, fulfilment, cause }: Omit<DecidedPayment, 'cancelled'>,
  decision: ChargeDecision,
  invoiceNumber: string | undefined,
): void {
  if (!fulfilment) return;
  if (!decision.approved) {
    const { code, reason } = decision;
    unit.send(paymentFailed, { orderId, userId, paymentId, code, reason }, cause);
    return;
  }
  if (!invoiceNumber) throw new Error(`The payment ${paymentId} has no invoice.`);
  const { chargeId } = decision;
  unit.send(
    paymentProcessed,
    {
      orderId,
      userId,
      paymentId,
      chargeId,
      invoiceNumber,
      amount: toMajorUnits(amount),
      currency,
      ...fulfilment,
    },
    cause,
  );
}
