import { Injectable } from '@nestjs/common';
import { paymentPostponed, refundRequested, toMajorUnits } from '@orderbridge/contracts';
import { sendAsDeadLetter } from '@orderbridge/kafka';
import { UnitsOfWork, type PermanentError } from '@orderbridge/messaging';
import type { Backlog, Finished, WorkItemHandlers } from '@orderbridge/work-items';
import { PaymentGatewayClient } from '../payment-gateway/payment-gateway.client.js';
import { RefundRepository, type RefundItem } from '../storage/refund.repository.js';
import { announceRefund } from './announce-refund.js';

/** Refunds what is due and announces it. The result is the gateway's id of the refund. */
@Injectable()
export class RefundPayments implements WorkItemHandlers<RefundItem, string> {
  constructor(
    private readonly refunds: RefundRepository,
    private readonly gateway: PaymentGatewayClient,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  capacity(): number {
    return this.gateway.capacity;
  }

  take(limit: number, lease: number): Promise<RefundItem[]> {
    return this.refunds.takeDue(limit, lease);
  }

  perform(item: RefundItem): Promise<string> {
    return this.gateway.refund(item);
  }

  async postpone(
    { id: paymentId, orderId, attempts }: RefundItem,
    delay: number,
    error: Error,
  ): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const postponed = await this.refunds.postpone(unit.manager, paymentId, delay);
      if (!postponed) return;
      const { userId, cause } = postponed;
      const retry = { step: 'refund', attempts, reason: error.message, retryAfter: delay / 1_000 } as const;
      unit.send(paymentPostponed, { orderId, userId, paymentId, ...retry }, cause);
    });
  }

  /** The dead letter, sent again, makes the refund due again. */
  async park({ id, attempts }: RefundItem, error: PermanentError): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const parked = await this.refunds.park(unit.manager, id);
      if (!parked) return;
      const { orderId, amount, currency, cause, wantedSince: firstTried } = parked;
      const data = { orderId, paymentId: id, amount: toMajorUnits(amount), currency };
      const rejection = { error, attempts, firstTried, lastTried: new Date() };
      sendAsDeadLetter(unit, 'payment', refundRequested, data, cause, rejection);
    });
  }

  backlog(): Promise<Backlog> {
    return this.refunds.backlog();
  }

  async settle(finished: readonly Finished<RefundItem, string>[]): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const refunded = await this.refunds.complete(
        unit.manager,
        finished.map(({ item, result }) => ({ id: item.id, refundId: result })),
      );
      for (const { cause, ...payment } of refunded) announceRefund(unit, payment, cause);
    });
  }
}
