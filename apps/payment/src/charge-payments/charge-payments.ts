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
import { PermanentError, UnitsOfWork, type UnitOfWork } from '@orderbridge/messaging';
import { ReconciliationRepository } from '@orderbridge/reconciliation';
import {
  capacityWithLookup,
  ItemFailedError,
  MAX_ITEM_FAILURES,
  type Backlog,
  type Capacity,
  type Finished,
  type Postponement,
  type TakeRequest,
  type WorkItemHandlers,
} from '@orderbridge/work-items';
import { nthKey } from '../domain/charge-key.js';
import { notCharged, sameTerms, statusAfter, type ChargeDecision } from '../domain/payment.js';
import { decisionOf } from '../payment-gateway/gateway-answers.js';
import { GatewayOperations } from '../payment-gateway/gateway-operations.js';
import { KEY_REUSED, PaymentGatewayClient } from '../payment-gateway/payment-gateway.client.js';
import { announceRefund } from '../refund-payments/announce-refund.js';
import { RefundQueue } from '../refund-payments/refund-queue.js';
import { NOBODY } from '../storage/forgotten-payment.repository.js';
import { PaymentRepository, type ChargeItem, type DecidedPayment } from '../storage/payment.repository.js';

/** Keys of one charge under which the gateway may have failed, at the most. */
const MAX_KEYS = 10;

/** The gateway has no charge of an order that is paid, and another one is not made without a person's decision. */
export class ChargeNotFoundError extends PermanentError {
  override readonly name = 'ChargeNotFoundError';
}

/** Charges what is due and announces what the gateway decided. */
@Injectable()
export class ChargePayments implements WorkItemHandlers<ChargeItem, ChargeDecision> {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly gateway: PaymentGatewayClient,
    private readonly operations: GatewayOperations,
    private readonly refunds: RefundQueue,
    private readonly unitsOfWork: UnitsOfWork,
    private readonly reconciliation: ReconciliationRepository,
  ) {}

  capacity(): Capacity {
    return capacityWithLookup(this.operations.charge, this.operations.lookup);
  }

  take(request: TakeRequest): Promise<ChargeItem[]> {
    return this.payments.takeDue(request);
  }

  /**
   * An earlier attempt may have had an effect, whatever was heard of it: then the gateway is asked first what it has, and
   * again before a refusal is believed.
   */
  async perform(item: ChargeItem): Promise<ChargeDecision> {
    const isInDoubt = item.attempts > 1;
    const { decided, freeKey } = isInDoubt ? await this.#lookUp(item) : { freeKey: item.chargeKey };
    if (decided) {
      this.operations.charge.confirmed(item);
      return decided;
    }
    if (isToBeLookedUpOnly(item) || (item.cancelled && item.paidBefore)) return notCharged;
    if (item.paidBefore)
      throw new ChargeNotFoundError(
        `The order ${item.orderId} is paid, but the payment gateway has no charge of it. Redrive this dead letter to charge it, or give it up.`,
      );
    const decision = await this.operations.charge.execute(item, () => this.gateway.charge(item, freeKey), {
      hasAnswered: isInDoubt,
    });
    if (decision.approved || !(isInDoubt || decision.code === KEY_REUSED)) return decision;
    return (await this.#lookUp(item)).decided ?? decision;
  }

  /** What the gateway has charged for the order, under whatever key; and a key under which it has done nothing yet. */
  async #lookUp(item: ChargeItem): Promise<{ decided: ChargeDecision | undefined; freeKey: string }> {
    const { lookup } = this.operations;
    let [nth, key, refused] = [1, item.chargeKey, undefined as ChargeDecision | undefined];
    for (; nth <= MAX_KEYS; key = nthKey(item.chargeKey, ++nth)) {
      const charge = await lookup.execute(item, () => this.gateway.chargeByKey(item, key));
      if (!charge) break;
      const decision = decisionOf(charge);
      if (decision?.approved) return { decided: decision, freeKey: key };
      if (decision) {
        refused = decision;
        break;
      }
    }
    if (nth > MAX_KEYS) throw new ItemFailedError('The payment gateway failed under every key.');
    const charges = await lookup.execute(item, () => this.gateway.chargesOf(item));
    const taken = charges.filter(
      (charge) =>
        charge.status === 'succeeded' && sameTerms(charge, item) && charge.reference === item.orderId,
    );
    const adopted = taken.find(({ refundId }) => !refundId) ?? taken[0];
    return { decided: adopted ? decisionOf(adopted) : refused, freeKey: key };
  }

  async postpone(item: ChargeItem, postponement: Postponement): Promise<void> {
    await this.unitsOfWork.run(async (unit) => {
      const postponed = await this.payments.postpone(unit.manager, item, postponement);
      if (!postponed || postponed.userId === NOBODY) return;
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
      const { id: paymentId, orderId, amount, currency, paymentToken, cause, wantedSince, isOver } = parked;
      // Nobody has to decide: what was charged is looked up, and given back.
      if (isOver) return this.payments.lookUpParked(unit.manager, [paymentId]);
      if (error instanceof ChargeNotFoundError) await this.reconciliation.count(unit.manager, { parked: 1 });
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
      const statuses = new Map(
        decided.map(({ id, cancelled, givenUp }) => [
          id,
          statusAfter(decisions.get(id) as ChargeDecision, cancelled || givenUp),
        ]),
      );
      const invoices = await this.payments.issueInvoices(
        unit.manager,
        decided.filter(({ id }) => statuses.get(id) === 'SUCCEEDED'),
      );
      const adopted = decided.filter(({ id, paidBefore }) => paidBefore && decisions.get(id)?.approved);
      if (adopted.length > 0) await this.reconciliation.count(unit.manager, { adopted: adopted.length });
      for (const payment of decided) {
        const decision = decisions.get(payment.id) as ChargeDecision;
        // What was taken is due for a refund now, and is announced when it is given back.
        if (statuses.get(payment.id) === 'REFUNDING') unit.afterCommit(() => this.refunds.wake());
        announceDecision(unit, payment, decision, invoices.get(payment.id));
      }
    });
  }
}

/** The charge is not to be made any more, only what an earlier attempt has taken is to be found. */
const isToBeLookedUpOnly = ({ cancelled, givenUp, itemFailures }: ChargeItem): boolean =>
  givenUp || (cancelled && itemFailures >= MAX_ITEM_FAILURES);

function announceDecision(
  unit: UnitOfWork,
  payment: DecidedPayment,
  decision: ChargeDecision,
  invoiceNumber: string | undefined,
): void {
  const { id: paymentId, orderId, userId, cause, cancelled, givenUp, fulfilment } = payment;
  if (decision.approved && decision.refundId !== undefined) {
    if (cancelled || fulfilment) announceRefund(unit, { ...payment, refundId: decision.refundId }, cause);
  } else if (cancelled) {
    if (!decision.approved) unit.send(paymentCancelled, { orderId, userId, paymentId }, cause);
  } else {
    announce(unit, payment, givenUp ? notCharged : decision, invoiceNumber);
  }
}

/** Tells shipping and order, once the order is known; a manual payment may be there before its order. */
export function announce(
  unit: UnitOfWork,
  {
    id: paymentId,
    orderId,
    userId,
    amount,
    currency,
    fulfilment,
    cause,
  }: Omit<DecidedPayment, 'cancelled' | 'givenUp' | 'paidBefore'>,
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
