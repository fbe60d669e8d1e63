import type { Cause } from '@orderbridge/contracts';
import {
  MAX_ITEM_FAILURES,
  type Backlog,
  type Postponement,
  type TakeRequest,
  type WorkItem,
} from '@orderbridge/work-items';
import type { EntityManager } from 'typeorm';
import { chargeKeyOf } from '../../../../apps/payment/src/domain/charge-key.js';
import {
  statusAfter,
  type ChargeDecision,
  type PaymentStatus,
} from '../../../../apps/payment/src/domain/payment.js';
import type { InvoiceEntity } from '../../../../apps/payment/src/storage/invoice.entity.js';
import type { Fulfilment, PaymentEntity } from '../../../../apps/payment/src/storage/payment.entity.js';
import {
  IN_FLIGHT_MS,
  type ChargeDirective,
  type InvoicedPayment,
  type ChargeItem,
  type DecidedPayment,
  type NewPayment,
  type ParkedCharge,
  type PaymentRepository,
} from '../../../../apps/payment/src/storage/payment.repository.js';
import type { Postponed } from '../../../../apps/payment/src/storage/payment.repository.js';
import type { Session } from '../../database/database.js';
import { Table } from '../../database/table.js';
import { WorkRows, type WorkRow } from '../../database/work-rows.js';
import type { Public } from '../../public.js';
import { ReconciliationTable } from '../fake-reconciliation.repository.js';

export type PaymentRow = Public<PaymentEntity> & WorkRow;

export class PaymentTables {
  /** By order: it is unique. */
  readonly payments = new Table<PaymentRow>('payment');
  /** By payment: it is unique. */
  readonly invoices = new Table<InvoiceEntity>('invoice');
  readonly reconciliation = new ReconciliationTable();
  lastInvoice = 0;
}

export class FakePaymentRepository implements Public<PaymentRepository> {
  readonly #charges: WorkRows<PaymentRow>;

  constructor(
    private readonly session: Session,
    private readonly tables: PaymentTables,
  ) {
    this.#charges = new WorkRows(tables.payments, 'PENDING');
  }

  findOfOrder(orderId: string): Promise<PaymentEntity | null> {
    return this.session.autocommit(
      'finds a payment',
      (transaction) => transaction.get(this.tables.payments, orderId) ?? null,
    );
  }

  async invoiceOf(paymentId: string, manager?: EntityManager): Promise<InvoiceEntity | null> {
    if (manager) {
      const transaction = await this.session.statement(manager, 'finds an invoice');
      return transaction.get(this.tables.invoices, paymentId) ?? null;
    }
    return this.session.autocommit(
      'finds an invoice',
      (transaction) => transaction.get(this.tables.invoices, paymentId) ?? null,
    );
  }

  async insert(manager: EntityManager, payments: readonly NewPayment[]): Promise<Set<string>> {
    const transaction = await this.session.statement(manager, 'inserts payments');
    const fresh = new Set<string>();
    for (const payment of payments) {
      const now = new Date(transaction.now);
      const inserted = await transaction.insertIfAbsent(this.tables.payments, payment.orderId, {
        ...payment,
        chargeKey: chargeKeyOf(payment.orderId),
        cancelled: false,
        givenUp: false,
        paidBefore: false,
        chargeId: null,
        refundId: null,
        failureCode: null,
        failureReason: null,
        attempts: 0,
        retrying: false,
        itemFailures: 0,
        dueAt: transaction.now,
        createdAt: now,
        updatedAt: now,
      });
      if (inserted) fresh.add(payment.orderId);
    }
    return new Set(payments.map(({ orderId }) => orderId).filter((orderId) => !fresh.has(orderId)));
  }

  async lockOfOrders(manager: EntityManager, orderIds: readonly string[]): Promise<PaymentEntity[]> {
    const transaction = await this.session.statement(manager, 'locks payments');
    const found = [...new Set(orderIds)]
      .map((orderId) => transaction.get(this.tables.payments, orderId))
      .filter((payment) => payment !== undefined)
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const locked: PaymentEntity[] = [];
    for (const { orderId } of found) {
      await transaction.lock(this.tables.payments, orderId);
      const { dueAt: _dueAt, ...payment } = transaction.get(this.tables.payments, orderId) as PaymentRow;
      locked.push(payment);
    }
    return locked;
  }

  async cancel(manager: EntityManager, id: string, status: PaymentStatus, cause: Cause): Promise<void> {
    const transaction = await this.session.statement(manager, 'cancels a payment');
    await transaction.update(
      this.tables.payments,
      (payment) => payment.id === id,
      (before) => ({
        status,
        cancelled: true,
        cause,
        ...(status === 'REFUNDING' &&
          before.status !== status && {
            attempts: 0,
            retrying: false,
            itemFailures: 0,
            dueAt: transaction.now,
          }),
      }),
    );
    if (status === 'PENDING') await this.lookUpParked(manager, [id]);
  }

  async lookUpParked(manager: EntityManager, ids: readonly string[]): Promise<void> {
    const transaction = await this.session.statement(manager, 'has charges looked up');
    await transaction.update(
      this.tables.payments,
      ({ id, status, dueAt }) => ids.includes(id) && status === 'PENDING' && dueAt === Infinity,
      () => ({ dueAt: transaction.now + IN_FLIGHT_MS, itemFailures: MAX_ITEM_FAILURES }),
    );
  }

  async attachFulfilment(
    manager: EntityManager,
    id: string,
    fulfilment: Fulfilment,
    cause: Cause,
  ): Promise<void> {
    const transaction = await this.session.statement(manager, 'attaches the fulfilment');
    await transaction.update(
      this.tables.payments,
      (payment) => payment.id === id,
      () => ({ fulfilment, cause }),
    );
  }

  takeDue(request: TakeRequest): Promise<ChargeItem[]> {
    return this.session.autocommit('takes due charges', (transaction) =>
      this.#charges
        .take(transaction, request)
        .map(({ id, orderId, amount, currency, paymentToken, cause, ...row }) => ({
          id,
          attempts: row.attempts,
          itemFailures: row.itemFailures,
          orderId,
          amount,
          currency,
          paymentToken: paymentToken as string,
          cause,
          chargeKey: row.chargeKey ?? id,
          cancelled: row.cancelled,
          givenUp: row.givenUp,
          paidBefore: row.paidBefore,
        })),
    );
  }

  backlog(): Promise<Backlog> {
    return this.session.autocommit('counts due charges', (transaction) =>
      this.#charges.backlog(transaction, ({ createdAt }) => createdAt),
    );
  }

  async postpone(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    postponement: Postponement,
  ): Promise<Postponed | undefined> {
    const transaction = await this.session.statement(manager, 'postpones a charge');
    const row = await this.#charges.postpone(transaction, item, postponement);
    return row && { userId: row.userId, cause: row.cause };
  }

  async park(
    manager: EntityManager,
    item: Pick<WorkItem, 'id' | 'attempts'>,
    itemFailures: number,
  ): Promise<ParkedCharge | undefined> {
    const transaction = await this.session.statement(manager, 'parks a charge');
    const row = await this.#charges.park(transaction, item, itemFailures);
    if (!row) return undefined;
    const { id, orderId, amount, currency, cause, createdAt: wantedSince, cancelled, givenUp } = row;
    const paymentToken = row.paymentToken as string;
    return { id, orderId, amount, currency, paymentToken, cause, wantedSince, isOver: cancelled || givenUp };
  }

  async resume(manager: EntityManager, directives: readonly ChargeDirective[]): Promise<void> {
    const transaction = await this.session.statement(manager, 'resumes charges');
    const resumed: string[] = [];
    for (const { orderId, paymentToken, givesUp } of directives) {
      const rows = await transaction.update(
        this.tables.payments,
        (payment) =>
          payment.orderId === orderId && payment.status === 'PENDING' && payment.dueAt === Infinity,
        (before) => ({
          givenUp: givesUp,
          paidBefore: false,
          itemFailures: 0,
          dueAt: givesUp ? before.dueAt : transaction.now,
          ...(before.paymentToken !== paymentToken && {
            paymentToken,
            chargeKey: chargeKeyOf(orderId, paymentToken),
          }),
        }),
      );
      resumed.push(...rows.map(({ id }) => id));
    }
    await this.lookUpParked(manager, resumed);
  }

  async decide(
    manager: EntityManager,
    decisions: readonly { readonly id: string; readonly decision: ChargeDecision }[],
  ): Promise<DecidedPayment[]> {
    const transaction = await this.session.statement(manager, 'writes what the gateway decided');
    const decided: DecidedPayment[] = [];
    for (const { id, decision } of decisions) {
      const rows = await transaction.update(
        this.tables.payments,
        isPending(id),
        ({ cancelled, givenUp }) => ({
          status: statusAfter(decision, cancelled || givenUp),
          retrying: false,
          itemFailures: 0,
          ...((cancelled || givenUp) && { attempts: 0, dueAt: transaction.now }),
          chargeId: decision.approved ? decision.chargeId : null,
          refundId: decision.approved ? (decision.refundId ?? null) : null,
          failureCode: decision.approved ? null : decision.code,
          failureReason: decision.approved ? null : decision.reason,
        }),
      );
      for (const row of rows) {
        const { orderId, userId, amount, currency, fulfilment, cause, cancelled, givenUp, paidBefore } = row;
        decided.push({
          id,
          orderId,
          userId,
          amount,
          currency,
          fulfilment,
          cause,
          cancelled,
          givenUp,
          paidBefore,
        });
      }
    }
    return decided;
  }

  async issueInvoices(
    manager: EntityManager,
    payments: readonly InvoicedPayment[],
  ): Promise<Map<string, string>> {
    if (payments.length === 0) return new Map();
    const transaction = await this.session.statement(manager, 'issues invoices');
    const numbers = new Map<string, string>();
    for (const { id, amount, currency, fulfilment } of payments) {
      const before = transaction.get(this.tables.invoices, id);
      if (before) {
        numbers.set(id, before.number);
        continue;
      }
      const number = `INV-${++this.tables.lastInvoice}`;
      await transaction.insert(this.tables.invoices, id, {
        number,
        paymentId: id,
        amount,
        currency,
        lines: fulfilment?.lines ?? [],
        issuedAt: new Date(transaction.now),
      });
      numbers.set(id, number);
    }
    return numbers;
  }
}

const isPending =
  (id: string) =>
  (payment: PaymentRow): boolean =>
    payment.id === id && payment.status === 'PENDING';
