import {
  inventoryOutOfStock,
  orderCreated,
  paymentFailed,
  type CloudEvent,
  type DataOf,
} from '@orderbridge/contracts';
import { availableOf } from '../../../apps/inventory/src/domain/reservation.js';
import { FakeStockRepository } from '../services/inventory/fake-stock.repository.js';
import type { Program } from '../services/program.js';
import { instead } from './instead.js';
import type { Mutant } from './mutant.js';

/** Bugs of reservations, payments and compensations. */
export const BUSINESS_MUTANTS: readonly Mutant[] = [
  {
    name: 'reserve-line-by-line',
    bug: 'stock is reserved line by line; when a line is lacking the others stay reserved',
    replace: {
      routes: (real, { world, program }) => {
        const route = real.get(orderCreated.type);
        if (!route) return real;
        const stock = new FakeStockRepository((program as Program).session, world.inventory.tables.stock);
        return new Map(real).set(orderCreated.type, {
          ...route,
          handle: async (events, context) => {
            await route.handle(events, context);
            const { manager, outgoing } = context.unitOfWork;
            const refused = outgoing.filter(({ headers }) => headers['ce_type'] === inventoryOutOfStock.type);
            for (const { data } of events as CloudEvent<DataOf<typeof orderCreated>>[]) {
              if (!refused.some(({ key }) => key === data.orderId)) continue;
              const kept = await stock.lock(
                manager,
                data.lines.map(({ productId }) => productId),
              );
              for (const { productId, quantity } of data.lines) {
                const one = kept.get(productId);
                if (one && availableOf(one) >= quantity) one.reserved += quantity;
              }
              await stock.update(manager, kept);
            }
          },
        });
      },
    },
  },
  {
    name: 'payment-per-line',
    bug: 'the gateway is asked once per line of an order',
    replace: {
      gateway: (real, { world }) =>
        instead(real, {
          charge: async (item, key) => {
            const lines = world.order.tables.orders.rows.get(item.orderId)?.lines ?? [];
            const charge = (line: number): ReturnType<typeof real.charge> =>
              real.charge(item, `${key} ${line}`);
            for (let line = 1; line < lines.length; line++) await charge(line);
            return charge(lines.length);
          },
        }),
    },
  },
  {
    name: 'gateway-key-per-attempt',
    bug: 'each attempt of a charge has an idempotency key of its own',
    replace: {
      gateway: (real) =>
        instead(real, {
          charge: (item, key) => real.charge(item, `${key} ${item.attempts}`),
          chargeByKey: () => Promise.resolve(undefined),
          chargesOf: () => Promise.resolve([]),
        }),
    },
  },
  {
    name: 'believes-a-refusal-after-doubt',
    bug: 'a refusal is believed although an earlier attempt of unknown outcome may have charged',
    replace: {
      gateway: (real) =>
        instead(real, {
          chargeByKey: () => Promise.resolve(undefined),
          chargesOf: () => Promise.resolve([]),
        }),
    },
  },
  {
    name: 'payment-failed-unpublished',
    bug: 'nobody is told that a charge was declined',
    replace: {
      store: (real) =>
        instead(real, {
          append: (manager, messages) =>
            real.append(
              manager,
              messages.filter(({ headers }) => headers['ce_type'] !== paymentFailed.type),
            ),
        }),
    },
  },
  {
    name: 'cancel-ignores-a-charge-in-flight',
    bug: 'a payment is closed without a charge although the gateway may have been asked',
    replace: {
      payments: (real) =>
        instead(real, {
          lockOfOrders: async (manager, orderIds) =>
            (await real.lockOfOrders(manager, orderIds)).map((payment) =>
              Object.assign(payment, { attempts: 0 }),
            ),
        }),
    },
  },
  {
    name: 'compensation-twice',
    bug: 'the stock of an order is released twice',
    replace: {
      reservations: (real) =>
        instead(real, {
          end: async (manager, orderIds, status) => {
            const ended = await real.end(manager, orderIds, status);
            return status === 'RELEASED' ? [...ended, ...ended] : ended;
          },
        }),
    },
  },
];
