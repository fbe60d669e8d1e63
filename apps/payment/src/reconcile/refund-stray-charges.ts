import { Injectable } from '@nestjs/common';
import { refundRequested, toMajorUnits } from '@orderbridge/contracts';
import { sendAsDeadLetter } from '@orderbridge/kafka';
import { UnitsOfWork } from '@orderbridge/messaging';
import type {
  Backlog,
  Capacity,
  Finished,
  Postponement,
  TakeRequest,
  WorkItemHandlers,
} from '@orderbridge/work-items';
import { RefundPayments } from '../refund-payments/refund-payments.js';
import type { RefundItem } from '../storage/refund.repository.js';
import { StrayChargeRepository } from '../storage/stray-charge.repository.js';

/** Gives charges back that belong to no payment. Nobody hears of it: the order does not exist, or has another charge. */
@Injectable()
export class RefundStrayCharges implements WorkItemHandlers<RefundItem, string> {
  constructor(
    private readonly strays: StrayChargeRepository,
    private readonly refunds: RefundPayments,
    private readonly unitsOfWork: UnitsOfWork,
  ) {}

  capacity(): Capacity {
    return this.refunds.capacity();
  }

  take(request: TakeRequest): Promise<RefundItem[]> {
    return this.strays.takeDue(request);
  }

  perform(item: RefundItem): Promise<string> {
    return this.refunds.perform(item);
  }

  async postpone(item: RefundItem, postponement: Postponement): Promise<void> {
    await this.unitsOfWork.run((unit) => this.strays.postpone(unit.manager, item, postponement));
  }

  /** The dead letter, redriven, makes the refund due again. */
  async park(item: RefundItem, error: Error, itemFailures: number): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const parked = await this.strays.setAside(unit.manager, item, itemFailures);
      if (!parked) return;
      const { id: paymentId, orderId, amount, currency, cause, wantedSince } = parked;
      const data = { orderId, paymentId, amount: toMajorUnits(amount), currency };
      const rejection = { error, attempts: item.attempts, firstTried: wantedSince, lastTried: new Date() };
      sendAsDeadLetter(unit, 'payment', refundRequested, data, cause, rejection);
    });
  }

  backlog(): Promise<Backlog> {
    return this.strays.backlog();
  }

  async settle(finished: readonly Finished<RefundItem, string>[]): Promise<void> {
    await this.unitsOfWork.run((unit) =>
      this.strays.complete(
        unit.manager,
        finished.map(({ item, result }) => ({ id: item.id, refundId: result })),
      ),
    );
  }
}
