import { Injectable } from '@nestjs/common';
import { paymentOrderStateRequested } from '@orderbridge/contracts';
import type { UnitOfWork } from '@orderbridge/messaging';
import type { Counts } from '@orderbridge/reconciliation';
import type { PaymentEntity } from '../storage/payment.entity.js';
import { PaymentRepository } from '../storage/payment.repository.js';
import { BY_HAND } from '../storage/refund.repository.js';
import { StrayChargeRepository, type FoundCharge } from '../storage/stray-charge.repository.js';

/** Milliseconds for which a page of the gateway's may be older than the refunds that were made meanwhile. */
const SETTLING_MS = 60_000;

const ORDER_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a reference at the gateway can be an order of ours: its other merchants may have names of another form. */
export const isOrderId = (reference: string): boolean => ORDER_ID.test(reference);

/** A charge that the gateway has. */
export interface GatewayEntry extends FoundCharge {
  /** Also where it matches the payment, its order is asked about: it may have been forgotten. */
  readonly asksAlways: boolean;
}

/** Notes charges and refunds of the gateway that do not match the payments, and requests the states of their orders. */
@Injectable()
export class NoteCharges {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly strays: StrayChargeRepository,
  ) {}

  async note(unit: UnitOfWork, entries: readonly GatewayEntry[]): Promise<Counts> {
    const { manager } = unit;
    const ours = entries.filter(({ orderId }) => isOrderId(orderId));
    const orderIds = [...new Set(ours.map(({ orderId }) => orderId))];
    const own = new Map(
      (await this.payments.lockOfOrders(manager, orderIds)).map((payment) => [payment.orderId, payment]),
    );
    const settled = await this.strays.settled(
      manager,
      ours.map(({ chargeId }) => chargeId),
    );
    const open = ours.filter(({ chargeId }) => !settled.has(chargeId));
    const found = open.filter((entry) => !matches(entry, own.get(entry.orderId)));
    await this.strays.note(manager, found);
    const doubted = open.filter((entry) => entry.asksAlways && isCharged(own.get(entry.orderId)));
    const requested = new Map([
      ...doubted.map(({ orderId }) => [orderId, 'Does the order exist?'] as const),
      ...found.map(({ orderId, chargeId }) => [orderId, `${chargeId} does not match the payment.`] as const),
    ]);
    for (const [orderId, reason] of requested)
      unit.send(paymentOrderStateRequested, { orderId, reason }, { correlationId: orderId });
    return {
      checked: entries.length,
      foreign: entries.length - ours.length,
      unmatched: found.length,
      requested: requested.size,
    };
  }
}

const isCharged = (payment: PaymentEntity | undefined): boolean => payment?.status === 'SUCCEEDED';

/** Whether what the gateway has is what the payment says, or the payment is still on its way there. */
function matches({ chargeId, refundId }: FoundCharge, payment: PaymentEntity | undefined): boolean {
  if (!payment) return false;
  if (payment.status === 'PENDING') return true;
  if (payment.chargeId !== chargeId) return false;
  if (refundId !== null) return payment.status === 'REFUNDED' || payment.status === 'REFUNDING';
  if (payment.status !== 'REFUNDED') return true;
  return payment.refundId === BY_HAND || Date.now() - payment.updatedAt.getTime() < SETTLING_MS;
}
