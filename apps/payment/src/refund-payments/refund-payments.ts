import { Injectable } from '@nestjs/common';
import { UnitsOfWork } from '@orderbridge/messaging';
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

  postpone({ id }: RefundItem, delay: number): Promise<void> {
    return this.refunds.postpone(id, delay);
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
