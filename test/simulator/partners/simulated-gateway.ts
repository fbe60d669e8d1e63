import type { ChargeDecision } from '../../../apps/payment/src/domain/payment.js';
import type { PaymentGatewayClient } from '../../../apps/payment/src/payment-gateway/payment-gateway.client.js';
import type { ChargeItem } from '../../../apps/payment/src/storage/payment.repository.js';
import type { RefundItem } from '../../../apps/payment/src/storage/refund.repository.js';
import type { Names } from '../names.js';
import type { Public } from '../public.js';
import type { Process } from '../schedule/scheduler.js';
import type { Partner } from './partner.js';

/** The token that is declined; all others are approved. */
export const DECLINED = 'tok_decline';

export interface Charge {
  readonly id: string;
  readonly orderId: string;
  readonly amount: number;
  readonly decision: ChargeDecision;
}

/** The gateway's own books: idempotent by key; a charge is given back once. */
export class SimulatedGateway {
  readonly charges = new Map<string, Charge>();
  /** Keys of the refunds, by charge. */
  readonly refunds = new Map<string, string>();
  changed = true;

  constructor(
    private readonly partner: Partner,
    private readonly names: Names,
  ) {}

  /** The way of one process to the gateway. */
  client(process: Process): Public<PaymentGatewayClient> {
    return {
      charge: (item) =>
        this.partner.call(process, `charge ${this.names.of(item.orderId)}`, () => this.#charge(item)),
      refund: (item) =>
        this.partner.call(process, `refund ${this.names.of(item.orderId)}`, () => this.#refund(item)),
      onApplicationShutdown: () => Promise.resolve(),
    };
  }

  #charge({ id: key, orderId, amount, paymentToken }: ChargeItem): ChargeDecision {
    let charge = this.charges.get(key);
    if (!charge) {
      const id = `ch_${this.charges.size + 1}`;
      const decision: ChargeDecision =
        paymentToken === DECLINED
          ? { approved: false, code: 'card_declined', reason: 'The card was declined.' }
          : { approved: true, chargeId: id };
      charge = { id, orderId, amount, decision };
      this.charges.set(key, charge);
      this.changed = true;
    }
    return charge.decision;
  }

  #refund({ id: key, chargeId, amount }: RefundItem): string {
    const charge = [...this.charges.values()].find(({ id }) => id === chargeId);
    if (!charge?.decision.approved || charge.amount !== amount)
      throw new Error(`There is no charge ${chargeId} of ${amount}.`);
    const before = this.refunds.get(chargeId);
    if (before !== undefined && before !== key) throw new Error(`${chargeId} was given back before.`);
    this.refunds.set(chargeId, key);
    this.changed = true;
    return `re_${chargeId}`;
  }
}
