import { Injectable } from '@nestjs/common';
import { paymentPostponed, refundRequested, toMajorUnits } from '@orderbridge/contracts';
import { sendAsDeadLetter } from '@orderbridge/kafka';
import { UnitsOfWork } from '@orderbridge/messaging';
import {
  capacityWithLookup,
  type Backlog,
  type Capacity,
  type Finished,
  type Postponement,
  type TakeRequest,
  type WorkItemHandlers,
} from '@orderbridge/work-items';
import { GatewayOperations } from '../payment-gateway/gateway-operations.js';
import { PaymentGatewayClient, RefundRefusedError } from '../payment-gateway/payment-gateway.client.js';
import { NOBODY } from '../storage/forgotten-payment.repository.js';
import { RefundRepository, type RefundItem } from '../storage/refund.repository.js';
import { announceRefund } from './announce-refund.js';

/** Refunds what is due and announces it. The result is the gateway's id of the refund. */
@Injectable()
export class RefundPayments implements WorkItemHandlers<RefundItem, string> {
  constructor(
    private readonly refunds: RefundRepository,
    private readonly gateway: PaymentGatewayClient,
    private readonly operations: GatewayOperations,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  capacity(): Capacity {
    return capacityWithLookup(this.operations.refund, this.operations.lookup);
  }

  take(request: TakeRequest): Promise<RefundItem[]> {
    return this.refunds.takeDue(request);
  }

  /** A refusal is believed when the gateway says that it has not refunded the charge, under whatever key. */
  async perform(item: RefundItem): Promise<string> {
    const isInDoubt = item.attempts > 1;
    const found = isInDoubt ? await this.#lookUp(item) : undefined;
    if (found !== undefined) {
      this.operations.refund.confirmed(item);
      return found;
    }
    try {
      return await this.operations.refund.execute(item, () => this.gateway.refund(item), {
        hasAnswered: isInDoubt,
      });
    } catch (error) {
      if (!(error instanceof RefundRefusedError)) throw error;
      const refundId = await this.#lookUp(item);
      if (refundId === undefined) throw error;
      return refundId;
    }
  }

  #lookUp(item: RefundItem): Promise<string | undefined> {
    return this.operations.lookup.execute(item, () => this.gateway.refundOf(item));
  }

  async postpone(item: RefundItem, postponement: Postponement): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const postponed = await this.refunds.postpone(unit.manager, item, postponement);
      if (!postponed || postponed.userId === NOBODY) return;
      const { userId, cause } = postponed;
      const { id: paymentId, orderId, attempts } = item;
      const { error, delayMs } = postponement;
      const retry = { step: 'refund', attempts, reason: error.message, retryAfter: delayMs / 1_000 } as const;
      unit.send(paymentPostponed, { orderId, userId, paymentId, ...retry }, cause);
    });
  }

  /** The dead letter, redriven, makes the refund due again. */
  async park(item: RefundItem, error: Error, itemFailures: number): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const parked = await this.refunds.park(unit.manager, item, itemFailures);
      if (!parked) return;
      const { id: paymentId, orderId, amount, currency, cause, wantedSince } = parked;
      const data = { orderId, paymentId, amount: toMajorUnits(amount), currency };
      const rejection = { error, attempts: item.attempts, firstTried: wantedSince, lastTried: new Date() };
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
