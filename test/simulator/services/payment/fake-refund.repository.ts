import type { Cause } from '@orderbridge/contracts';
import type { Backlog } from '@orderbridge/work-items';
import type { EntityManager } from 'typeorm';
import type {
  ParkedRefund,
  RefundedPayment,
  RefundItem,
  RefundRepository,
} from '../../../../apps/payment/src/storage/refund.repository.js';
import type { Postponed } from '../../../../apps/payment/src/storage/payment.repository.js';
import type { Session } from '../../database/database.js';
import { backlogOf, takeDue } from '../../database/work-rows.js';
import type { Public } from '../../public.js';
import type { PaymentRow, PaymentTables } from './fake-payment.repository.js';

export class FakeRefundRepository implements Public<RefundRepository> {
  constructor(
    private readonly session: Session,
    private readonly tables: PaymentTables,
  ) {}

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
        () => ({ status: 'REFUNDING' as const, cause, attempts: 0, dueAt: transaction.now }),
      );
      if (rows.length > 0) requested.add(orderId);
    }
    return requested;
  }

  takeDue(limit: number, lease: number): Promise<RefundItem[]> {
    return this.session.autocommit('takes due refunds', (transaction) =>
      takeDue(transaction, this.tables.payments, 'REFUNDING', limit, lease).map(
        ({ id, attempts, orderId, chargeId, amount, currency, cause }) => ({
          id,
          attempts,
          orderId,
          chargeId: chargeId as string,
          amount,
          currency,
          cause,
        }),
      ),
    );
  }

  backlog(): Promise<Backlog> {
    return this.session.autocommit('counts due refunds', (transaction) =>
      backlogOf(transaction, this.tables.payments, 'REFUNDING', ({ updatedAt }) => updatedAt),
    );
  }

  async postpone(manager: EntityManager, id: string, delay: number): Promise<Postponed | undefined> {
    const transaction = await this.session.statement(manager, 'postpones a refund');
    const [row] = await transaction.update(this.tables.payments, isRefunding(id), () => ({
      dueAt: transaction.now + delay,
    }));
    return row && { userId: row.userId, cause: row.cause };
  }

  async park(manager: EntityManager, id: string): Promise<ParkedRefund | undefined> {
    const transaction = await this.session.statement(manager, 'parks a refund');
    const isOpen = (payment: PaymentRow) => isRefunding(id)(payment) && payment.dueAt < Infinity;
    const [parked] = await transaction.update(this.tables.payments, isOpen, () => ({ dueAt: Infinity }));
    if (!parked) return undefined;
    const { orderId, amount, currency, cause, updatedAt: wantedSince } = parked;
    return { id, orderId, amount, currency, cause, wantedSince };
  }

  async resume(manager: EntityManager, orderIds: readonly string[]): Promise<void> {
    const transaction = await this.session.statement(manager, 'resumes refunds');
    const isParked = ({ orderId, status, dueAt }: PaymentRow) =>
      orderIds.includes(orderId) && status === 'REFUNDING' && dueAt === Infinity;
    await transaction.update(this.tables.payments, isParked, () => ({ dueAt: transaction.now, attempts: 0 }));
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
