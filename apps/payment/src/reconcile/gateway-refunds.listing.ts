import { Injectable } from '@nestjs/common';
import type { UnitOfWork } from '@orderbridge/messaging';
import type { Counts, Listing, ListingPage } from '@orderbridge/reconciliation';
import type { ListedRefund } from '../payment-gateway/gateway-answers.js';
import { GatewayOperations } from '../payment-gateway/gateway-operations.js';
import { PaymentGatewayClient } from '../payment-gateway/payment-gateway.client.js';
import { PaymentRepository } from '../storage/payment.repository.js';
import { isOrderId, NoteCharges } from './note-charges.js';

/** The gateway's refunds: those that make up the whole of a charge that counts as taken here are noted. */
@Injectable()
export class GatewayRefundsListing implements Listing<ListedRefund> {
  readonly name = 'gateway-refunds';

  constructor(
    private readonly gateway: PaymentGatewayClient,
    private readonly operations: GatewayOperations,
    private readonly payments: PaymentRepository,
    private readonly notes: NoteCharges,
  ) {}

  async page(cursor: string | undefined): Promise<ListingPage<ListedRefund>> {
    const { items, nextCursor } = await this.operations.lookup.execute(undefined, () =>
      this.gateway.refunds(cursor),
    );
    return { entries: items, nextCursor };
  }

  async compare(unit: UnitOfWork, refunds: readonly ListedRefund[]): Promise<Counts> {
    const sums = new Map<string, number>();
    for (const { charge, amount } of refunds) sums.set(charge, (sums.get(charge) ?? 0) + amount);
    const byCharge = new Map(refunds.map((refund) => [refund.charge, refund.id]));
    const orderIds = refunds.map(({ reference }) => reference).filter(isOrderId);
    const payments = await this.payments.lockOfOrders(unit.manager, orderIds);
    const entries = payments.flatMap(({ orderId, amount, currency, chargeId }) => {
      const refundId = chargeId === null ? undefined : byCharge.get(chargeId);
      return chargeId !== null && refundId !== undefined && (sums.get(chargeId) ?? 0) >= amount
        ? [{ chargeId, orderId, amount, currency, refundId, asksAlways: false }]
        : [];
    });
    const { checked: _checked, ...counts } = await this.notes.note(unit, entries);
    return { checked: refunds.length, ...counts };
  }
}
