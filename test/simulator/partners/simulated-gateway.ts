import type { ChargeDecision } from '../../../apps/payment/src/domain/payment.js';
import type {
  GatewayCharge,
  ListedCharge,
} from '../../../apps/payment/src/payment-gateway/gateway-answers.js';
import {
  GatewayUnavailableError,
  RefundRefusedError,
  type PaymentGatewayClient,
} from '../../../apps/payment/src/payment-gateway/payment-gateway.client.js';
import type { ChargeItem } from '../../../apps/payment/src/storage/payment.repository.js';
import type { RefundItem } from '../../../apps/payment/src/storage/refund.repository.js';
import type { Faults } from '../faults.js';
import type { Names } from '../names.js';
import type { Public } from '../public.js';
import type { Process } from '../schedule/scheduler.js';
import type { Partner } from './partner.js';

/** The token that is declined. */
export const DECLINED = 'tok_decline';
/** The token whose charge fails with 500 always. */
export const POISON = 'tok_poison';
/** The token whose charge is refused in every repetition, also when it was made. */
export const REFUSED_AGAIN = 'tok_lost_then_refused';

export interface Charge {
  readonly id: string;
  readonly key: string;
  readonly orderId: string;
  readonly amount: number;
  readonly currency: string;
  readonly decision: ChargeDecision;
}

/** The gateway's own books: idempotent by key; a charge is given back once. */
export class SimulatedGateway {
  /** By key. */
  readonly charges = new Map<string, Charge>();
  /** Keys of the refunds, by charge. */
  readonly refunds = new Map<string, string>();
  changed = true;

  constructor(
    private readonly partner: Partner,
    private readonly names: Names,
    private readonly faults: Faults,
  ) {}

  /** The way of one process to the gateway. */
  client(process: Process): Public<PaymentGatewayClient> {
    const call = <Result>(what: string, orderId: string, work: () => Result): Promise<Result> =>
      this.partner.call(process, `${what} ${this.names.of(orderId)}`, work);
    const all = <Result>(what: string, work: () => Result): Promise<Result> =>
      this.partner.call(process, what, work);
    return {
      charge: (item, key) => call('charge', item.orderId, () => this.#charge(item, key)),
      chargeByKey: (item, key) =>
        call('charge by key', item.orderId, () => this.#shown(this.charges.get(key))),
      chargesOf: ({ orderId }) =>
        call('charges of', orderId, () => this.#listed().filter(({ reference }) => reference === orderId)),
      refund: (item) =>
        call('refund', item.orderId, () => {
          if (this.faults.happens('refundRefused'))
            throw new RefundRefusedError(`The charge ${item.chargeId} is disputed.`);
          return this.#refund(item);
        }),
      refundOf: ({ orderId, chargeId }) => call('refund of', orderId, () => this.#refundId(chargeId)),
      charges: (after) => all('all charges', () => page(this.#listed(), after)),
      refunds: (after) =>
        all('all refunds', () =>
          page(
            this.#listed().flatMap(({ id, reference, amount, refundId }) =>
              refundId ? [{ id: refundId, charge: id, reference, amount }] : [],
            ),
            after,
          ),
        ),
      onApplicationShutdown: () => Promise.resolve(),
    };
  }

  #charge({ orderId, amount, currency, paymentToken }: ChargeItem, key: string): ChargeDecision {
    if (paymentToken === POISON) throw new GatewayUnavailableError('The payment gateway answered 500.');
    let charge = this.charges.get(key);
    if (charge && paymentToken === REFUSED_AGAIN)
      return { approved: false, code: 'card_declined', reason: 'The card was declined.' };
    if (!charge) {
      const id = `ch_${this.charges.size + 1}`;
      const decision: ChargeDecision =
        paymentToken === DECLINED
          ? { approved: false, code: 'card_declined', reason: 'The card was declined.' }
          : { approved: true, chargeId: id };
      charge = { id, key, orderId, amount, currency, decision };
      this.charges.set(key, charge);
      this.changed = true;
    }
    const { decision } = charge;
    const refundId = this.#refundId(charge.id);
    return decision.approved && refundId !== undefined ? { ...decision, refundId } : decision;
  }

  #refund({ refundKey: key, chargeId, amount }: RefundItem): string {
    const charge = [...this.charges.values()].find(({ id }) => id === chargeId);
    if (!charge?.decision.approved || charge.amount !== amount)
      throw new RefundRefusedError(`There is no charge ${chargeId} of ${amount}.`);
    const before = this.refunds.get(chargeId);
    if (before !== undefined && before !== key)
      throw new RefundRefusedError(`${chargeId} was given back before.`);
    this.refunds.set(chargeId, key);
    this.changed = true;
    return `re_${chargeId}`;
  }

  #refundId(chargeId: string): string | undefined {
    return this.refunds.has(chargeId) ? `re_${chargeId}` : undefined;
  }

  #listed(): ListedCharge[] {
    return [...this.charges.values()].map((charge) => this.#shown(charge) as ListedCharge);
  }

  #shown(charge: Charge | undefined): GatewayCharge | undefined {
    if (!charge) return undefined;
    const { id, orderId, amount, currency, decision } = charge;
    const refundId = this.#refundId(id);
    return {
      id,
      reference: orderId,
      amount,
      currency,
      ...(decision.approved
        ? { status: 'succeeded' }
        : { status: 'declined', code: decision.code, message: decision.reason }),
      ...(refundId !== undefined && { refundId }),
    };
  }
}

/** Of a page; small, so that there are several. */
const PAGE = 2;

function page<Item>(all: readonly Item[], after: string | undefined) {
  const from = Number(after ?? 0);
  const items = all.slice(from, from + PAGE);
  return { items, nextCursor: items.length === PAGE ? `${from + PAGE}` : undefined };
}
