import type { Cause } from '@orderbridge/contracts';
import type { Backlog, Postponement, TakeRequest, WorkItem } from '@orderbridge/work-items';
import type { EntityManager } from 'typeorm';
import {
  BY_HAND,
  type ParkedRefund,
  type RefundedPayment,
  type RefundItem,
  type RefundRepository,
} from '../../../../apps/payment/src/storage/refund.repository.js';
import type { Postponed } from '../../../../apps/payment/src/storage/payment.repository.js';
import type { Session } from '../../database/database.js';
import { WorkRows } from '../../database/work-rows.js';
import type { Public } from '../../public.js';
import type { PaymentRow, PaymentTables } from './fake-payment.repository.js';

export class FakeRefundRepository implements Public<RefundRepository> {
  readonly #refunds: WorkRows<PaymentRow>;

  constructor(
    private readonly session: Session,
    private readonly tables: PaymentTables,
  ) {
    this.#refunds = new WorkRows(tables.payments, 'REFUNDING');
  }

  async request(
    manager: EntityManager,
    refunds: readonly { readonly orderId: string; readonly cause: Cause }[],
  ): Promise<Set<string>> {
    const transaction = await this.session.statement(manager, 'requests refunds');
    const requested = new Set<string>();
    for (const { orderId, cause } of refunds) {
      const rows = await transaction.update(
        this.tables.payments,
        (payment) => payment.orderId === orderId && payment.status === 'SUCCEEDED',
        () => ({
          status: 'REFUNDING' as const,
          cause,
          attempts: 0,
          retrying: false,
          itemFailures: 0,
          dueAt: transaction.now,
        }),
      );
      if (rows.length > 0) requested.add(orderId);
    }
    return requested;
  }

  takeDue(request: TakeRequest): Promise<RefundItem[]> {
    return this.session.autocommit('takes due refunds', (transaction) =>
      this.#refunds
        .take(transaction, request)
        .map(({ id, attempts, itemFailures, orderId, chargeId, chargeKey, amount, currency, cause }) => ({
          id,
          refundKey: `refund-${chargeKey === null ? id : orderId}`,
          attempts,
          itemFailures,
          orderId,
          chargeId: chargeId as string,
          amount,
          currency,
          cause,
        })),
    );
  }

  backlog(): Promise<Backlog> {
    return this.session.autocommit('counts due refunds', (transaction) =>
      this.#refunds.backlog(transaction, ({ updatedAt }) => updatedAt),
    );
  }

  async postpone(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    postponement: Postponement,
  ): Promise<Postponed | undefined> {
    const transaction = await this.session.statement(manager, 'postpones a refund');
    const row = await this.#refunds.postpone(transaction, item, postponement);
    return row && { userId: row.userId, cause: row.cause };
  }

  async park(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    itemFailures: number,
  ): Promise<ParkedRefund | undefined> {
    const transaction = await this.session.statement(manager, 'parks a refund');
    const row = await this.#refunds.park(transaction, item, itemFailures);
    if (!row) return undefined;
    const { id, orderId, amount, currency, cause, updatedAt: wantedSince } = row;
    return { id, orderId, amount, currency, cause, wantedSince };
  }

  async resume(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    await this.#refunds.resume(await this.session.statement(manager, 'resumes refunds'), orderIds);
  }

  async giveUp(manager: EntityManager, orderIds: readonly string[]): Promise<RefundedPayment[]> {
    const transaction = await this.session.statement(manager, 'gives refunds up');
    const rows = await transaction.update(
      this.tables.payments,
      ({ orderId, status, dueAt }) =>
        orderIds.includes(orderId) && status === 'REFUNDING' && dueAt === Infinity,
      () => ({ status: 'REFUNDED' as const, refundId: BY_HAND }),
    );
    return rows.map(({ id, orderId, userId, amount, currency, cause }) => ({
      id,
      orderId,
      userId,
      refundId: BY_HAND,
      amount,
      currency,
      cause,
    }));
  }

  async complete(
    manager: EntityManager,
    refunds: readonly { readonly id: string; readonly refundId: string }[],
  ): Promise<RefundedPayment[]> {
    const transaction = await this.session.statement(manager, 'completes refunds');
    const completed: RefundedPayment[] = [];
    for (const { id, refundId } of refunds) {
      const rows = await transaction.update(this.tables.payments, isRefunding(id), () => ({
        status: 'REFUNDED' as const,
        refundId,
      }));
      for (const { orderId, userId, amount, currency, cause } of rows)
        completed.push({ id, orderId, userId, refundId, amount, currency, cause });
    }
    return completed;
  }
}

const isRefunding =
  (id: string) =>
  (payment: PaymentRow): boolean =>
    payment.id === id && payment.status === 'REFUNDING';
