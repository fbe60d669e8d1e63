import { Injectable } from '@nestjs/common';
import type { UnitOfWork } from '@orderbridge/messaging';
import type { Counts, Listing, ListingPage, Scope } from '@orderbridge/reconciliation';
import { GatewayOperations } from '../payment-gateway/gateway-operations.js';
import { PaymentGatewayClient } from '../payment-gateway/payment-gateway.client.js';
import { NoteCharges, type GatewayEntry } from './note-charges.js';

/**
 * The gateway's charges. A run over everything asks about the order of each charge that was not given back, so that also a
 * charge is found whose order has been forgotten.
 */
@Injectable()
export class GatewayChargesListing implements Listing<GatewayEntry> {
  readonly name = 'gateway-charges';

  constructor(
    private readonly gateway: PaymentGatewayClient,
    private readonly operations: GatewayOperations,
    private readonly notes: NoteCharges,
  ) {}

  async page(cursor: string | undefined, { since }: Scope): Promise<ListingPage<GatewayEntry>> {
    const { items, nextCursor } = await this.operations.lookup.execute(undefined, () =>
      this.gateway.charges(cursor),
    );
    const entries = items
      .filter(({ status }) => status === 'succeeded')
      .map(({ id, reference, amount, currency, refundId }) => ({
        chargeId: id,
        orderId: reference,
        amount,
        currency,
        refundId: refundId ?? null,
        asksAlways: since === undefined && !refundId,
      }));
    return { entries, nextCursor };
  }

  compare(unit: UnitOfWork, entries: readonly GatewayEntry[]): Promise<Counts> {
    return this.notes.note(unit, entries);
  }
}
