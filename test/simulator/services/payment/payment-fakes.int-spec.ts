import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { Compensation1700000000002 } from '../../../../apps/payment/src/storage/compensation.migration.js';
import { InvoiceEntity } from '../../../../apps/payment/src/storage/invoice.entity.js';
import { PaymentEntity } from '../../../../apps/payment/src/storage/payment.entity.js';
import { PaymentRepository } from '../../../../apps/payment/src/storage/payment.repository.js';
import { ChargeKeys1700000000004 } from '../../../../apps/payment/src/storage/charge-keys.migration.js';
import { StrayCharges1700000000005 } from '../../../../apps/payment/src/storage/stray-charges.migration.js';
import { WorkItemFailures1700000000003 } from '../../../../apps/payment/src/storage/work-item-failures.migration.js';
import { PaymentTables1700000000001 } from '../../../../apps/payment/src/storage/payment-tables.migration.js';
import { RefundRepository } from '../../../../apps/payment/src/storage/refund.repository.js';
import { connectTestDatabase } from '../../../postgres/test-database.js';
import {
  callOf,
  CAUSE,
  commandsOf,
  idOf,
  someFailures,
  someId,
  someIds,
  someItem,
  somePostponement,
  someTake,
} from '../../database/commands.js';
import { quietSession, SideBySide, type Command } from '../../database/side-by-side.js';
import { FakePaymentRepository, PaymentTables } from './fake-payment.repository.js';
import { FakeRefundRepository } from './fake-refund.repository.js';

const ALL = [1, 2, 3, 4];
/** Each order's payment has an id of its own, as UUIDs have. */
const paymentOf = (order: number): string => idOf(100 + order);
const someOrder = fc.constantFrom(...ALL);
const somePayment = someOrder.map(paymentOf);
const someStatus = fc.constantFrom('PENDING', 'SUCCEEDED', 'FAILED', 'UNPAID', 'REFUNDING', 'REFUNDED');

const payment = someOrder.chain((order) =>
  fc.record({
    id: fc.constant(paymentOf(order)),
    orderId: fc.constant(idOf(order)),
    userId: fc.constant(idOf(9)),
    status: fc.constantFrom('PENDING', 'UNPAID'),
    amount: fc.nat(1_000),
    currency: fc.constant('EUR'),
    paymentToken: fc.constant('tok'),
    fulfilment: fc.constant(null),
    cause: fc.constant(CAUSE),
  }),
);
const decision = fc.oneof(
  fc.record({ approved: fc.constant(true), chargeId: fc.constant('ch_1') }),
  fc.record({ approved: fc.constant(true), chargeId: fc.constant('ch_1'), refundId: fc.constant('re_1') }),
  fc.record({ approved: fc.constant(false), code: fc.constant('code'), reason: fc.constant('reason') }),
);
const directive = fc.record({
  orderId: someId,
  paymentToken: fc.constantFrom('tok', 'tok_other'),
  givesUp: fc.boolean(),
});
const invoice = fc.record({
  id: somePayment,
  orderId: someId,
  userId: someId,
  amount: fc.nat(100),
  currency: fc.constant('EUR'),
  fulfilment: fc.constant(null),
  cause: fc.constant(CAUSE),
  cancelled: fc.boolean(),
});
const unique = <Item>(item: fc.Arbitrary<Item>, key: keyof Item) =>
  fc.uniqueArray(item, { selector: (one) => one[key], minLength: 1, maxLength: 3 });

describe("payment's fakes and PostgreSQL", () => {
  let dataSource: DataSource;

  beforeAll(async () => {
    dataSource = await connectTestDatabase(
      [
        PaymentTables1700000000001,
        Compensation1700000000002,
        WorkItemFailures1700000000003,
        ChargeKeys1700000000004,
        StrayCharges1700000000005,
      ],
      [PaymentEntity, InvoiceEntity],
    );
  });

  afterAll(() => dataSource.destroy());

  test('answer the same, whatever is asked', async () => {
    const cause = fc.constant(CAUSE);
    const fulfilment = fc.constant({ lines: [], shipTo: {} });
    const commands = commandsOf(
      [
        callOf('payments', 'insert', fc.array(payment, { minLength: 1, maxLength: 3 })),
        callOf('payments', 'lockOfOrders', someIds),
        callOf('payments', 'cancel', somePayment, someStatus, cause),
        callOf('payments', 'attachFulfilment', somePayment, fulfilment, cause),
        callOf('payments', 'decide', unique(fc.record({ id: somePayment, decision }), 'id')),
        callOf('payments', 'issueInvoices', unique(invoice, 'id')),
        callOf('payments', 'postpone', someItem(somePayment), somePostponement),
        callOf('payments', 'park', someItem(somePayment), someFailures),
        callOf('payments', 'resume', unique(directive, 'orderId')),
        callOf('payments', 'lookUpParked', fc.uniqueArray(somePayment, { minLength: 1, maxLength: 3 })),
        callOf('refunds', 'giveUp', someIds),
        callOf('refunds', 'postpone', someItem(somePayment), somePostponement),
        callOf('refunds', 'park', someItem(somePayment), someFailures),
        callOf('refunds', 'resume', someIds),
        callOf('refunds', 'request', unique(fc.record({ orderId: someId, cause }), 'orderId')),
        callOf(
          'refunds',
          'complete',
          unique(fc.record({ id: somePayment, refundId: fc.constant('re_1') }), 'id'),
        ),
      ],
      [
        callOf('payments', 'takeDue', someTake),
        callOf('refunds', 'takeDue', someTake),
        callOf('payments', 'findOfOrder', someId),
      ],
    );
    const everything: Command[] = ALL.flatMap((order) => [
      { repository: 'payments', method: 'findOfOrder', args: [idOf(order)] },
      { repository: 'payments', method: 'invoiceOf', args: [paymentOf(order)] },
    ]);
    await fc.assert(
      fc.asyncProperty(fc.array(payment, { minLength: 1, maxLength: 4 }), commands, async (first, all) => {
        await dataSource.query('TRUNCATE payment, invoice');
        const session = quietSession();
        const tables = new PaymentTables();
        const both = new SideBySide(
          dataSource,
          {
            payments: new PaymentRepository(
              dataSource.getRepository(PaymentEntity),
              dataSource.getRepository(InvoiceEntity),
            ),
            refunds: new RefundRepository(dataSource.getRepository(PaymentEntity)),
          },
          session,
          {
            payments: new FakePaymentRepository(session, tables),
            refunds: new FakeRefundRepository(session, tables),
          },
        );
        const open = { calls: [{ repository: 'payments', method: 'insert', args: [first] }], commit: true };
        for (const command of [open, ...all, ...everything]) {
          const { real, fake } = await both.run(command);
          expect(fake).toEqual(real);
        }
      }),
      { numRuns: 100 },
    );
  });
});
