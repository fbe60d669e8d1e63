import { inventoryOutOfStock, orderRejected, type CloudEvent, type DataOf } from '@orderbridge/contracts';
import { unpaidPayment } from '../../../apps/payment/src/open-payments/unpaid-payment.js';
import { ForeignAnswerError } from '../partners/foreign-answer.error.js';
import { FakePaymentRepository } from '../services/payment/fake-payment.repository.js';
import { instead } from './instead.js';
import type { Mutant } from './mutant.js';

/** Bugs of payments by hand, of refunds, and of what is believed of the gateway. */
export const PAYMENT_MUTANTS: readonly Mutant[] = [
  {
    name: 'rejected-keeps-the-money',
    bug: 'what was paid by hand for an order that is out of stock is not given back',
    replace: {
      routes: (real, { world, program }) => {
        const outOfStock = real.get(inventoryOutOfStock.type);
        const rejected = real.get(orderRejected.type);
        if (program?.service.name !== 'payment' || !(outOfStock ?? rejected)) return real;
        const payments = new FakePaymentRepository(program.session, world.payment.tables);
        const routes = new Map(real);
        if (outOfStock)
          routes.set(inventoryOutOfStock.type, {
            ...outOfStock,
            handle: async (events, { unitOfWork }) => {
              const decided = events as CloudEvent<DataOf<typeof inventoryOutOfStock>>[];
              await payments.insert(unitOfWork.manager, decided.map(unpaidPayment));
            },
          });
        if (rejected) routes.set(orderRejected.type, { ...rejected, handle: () => Promise.resolve() });
        return routes;
      },
    },
  },
  {
    name: 'foreign-404-is-a-refusal',
    bug: 'what a proxy in front of the gateway answers counts as a decision of the gateway',
    replace: {
      gateway: (real) =>
        instead(real, {
          charge: async (item, key) => {
            try {
              return await real.charge(item, key);
            } catch (error) {
              if (!(error instanceof ForeignAnswerError)) throw error;
              return { approved: false, code: 'http_404', reason: error.message };
            }
          },
        }),
    },
  },
];
