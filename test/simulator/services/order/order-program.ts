import { INVENTORY, PAYMENTS, SHIPMENTS } from '@orderbridge/contracts';
import { CancelOrder } from '../../../../apps/order/src/cancel-order/cancel-order.js';
import { FollowFulfilmentConsumer } from '../../../../apps/order/src/follow-fulfilment/follow-fulfilment.consumer.js';
import type { OrderConfig } from '../../../../apps/order/src/order-environment.js';
import { PlaceOrder } from '../../../../apps/order/src/place-order/place-order.js';
import type { PriceList } from '../../../../apps/order/src/price-list/price-list.js';
import type { WaitingOrderRepository } from '../../../../apps/order/src/storage/waiting-order.repository.js';
import { OrderListing } from '../../../../apps/order/src/report-orders/order-listing.js';
import { ReportOrdersConsumer } from '../../../../apps/order/src/report-orders/report-orders.consumer.js';
import { WatchDeadlines } from '../../../../apps/order/src/watch-deadlines/watch-deadlines.js';
import type { OrderRepository } from '../../../../apps/order/src/storage/order.repository.js';
import { Reconciliation, type ReconciliationRepository } from '../../../../libs/reconciliation/src/index.js';
import { FakeReconciliationRepository } from '../fake-reconciliation.repository.js';
import type { Program } from '../program.js';
import { FakeOrderRepository } from './fake-order.repository.js';
import { FakePriceList } from './fake-price-list.js';
import { FakeWaitingOrderRepository } from './fake-waiting-order.repository.js';

/** What customers can ask of a process of the order service. */
export interface OrderApi {
  readonly placeOrder: PlaceOrder;
  readonly cancelOrder: CancelOrder;
}

/** Shorter deadlines than a shop has, so that a run sees them pass. */
const CONFIG = {
  CURRENCY: 'EUR',
  DEADLINE_PLACED_SECONDS: 60,
  DEADLINE_RESERVED_SECONDS: 90,
  DEADLINE_PAID_SECONDS: 90,
  DEADLINE_FULFILMENT_FAILED_SECONDS: 90,
  DEADLINE_CANCELLING_SECONDS: 90,
} as OrderConfig;

/** apps/order on fakes. */
export function startOrder(program: Program): void {
  const { world, session, process, unitsOfWork } = program;
  const orders = new FakeOrderRepository(session, world.order.tables) as unknown as OrderRepository;
  const priceList = new FakePriceList() as unknown as PriceList;
  const waiting = new FakeWaitingOrderRepository(
    session,
    world.order.tables,
  ) as unknown as WaitingOrderRepository;
  const cancelOrder = new CancelOrder(orders, unitsOfWork);
  const deadlines = new WatchDeadlines(unitsOfWork, orders, waiting, cancelOrder, CONFIG);
  program.repeat(5_000, () => deadlines.look());
  world.orderApis.set(process, {
    placeOrder: new PlaceOrder(unitsOfWork, orders, priceList, CONFIG, process.clock),
    cancelOrder,
  });
  process.atCrash(() => world.orderApis.delete(process));
  program.reconcile(
    new Reconciliation(
      new FakeReconciliationRepository(
        session,
        world.order.tables.reconciliation,
      ) as unknown as ReconciliationRepository,
      unitsOfWork,
      [new OrderListing(orders)],
    ),
  );
  program.publish();
  program.consumeKafka(
    [INVENTORY.name, PAYMENTS.name, SHIPMENTS.name],
    new FollowFulfilmentConsumer(orders),
    new ReportOrdersConsumer(orders),
  );
}
