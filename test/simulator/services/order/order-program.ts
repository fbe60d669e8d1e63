import { INVENTORY, PAYMENTS, SHIPMENTS } from '@orderbridge/contracts';
import { CancelOrder } from '../../../../apps/order/src/cancel-order/cancel-order.js';
import { FollowFulfilmentConsumer } from '../../../../apps/order/src/follow-fulfilment/follow-fulfilment.consumer.js';
import type { OrderConfig } from '../../../../apps/order/src/order-environment.js';
import { PlaceOrder } from '../../../../apps/order/src/place-order/place-order.js';
import type { PriceList } from '../../../../apps/order/src/price-list/price-list.js';
import type { OrderRepository } from '../../../../apps/order/src/storage/order.repository.js';
import type { Program } from '../program.js';
import { FakeOrderRepository } from './fake-order.repository.js';
import { FakePriceList } from './fake-price-list.js';

/** What customers can ask of a process of the order service. */
export interface OrderApi {
  readonly placeOrder: PlaceOrder;
  readonly cancelOrder: CancelOrder;
}

/** apps/order on fakes. */
export function startOrder(program: Program): void {
  const { world, session, process, unitsOfWork } = program;
  const orders = new FakeOrderRepository(session, world.order.tables) as unknown as OrderRepository;
  const priceList = new FakePriceList() as unknown as PriceList;
  const config = {} as OrderConfig;
  world.orderApis.set(process, {
    placeOrder: new PlaceOrder(unitsOfWork, orders, priceList, config),
    cancelOrder: new CancelOrder(orders, unitsOfWork),
  });
  process.atCrash(() => world.orderApis.delete(process));
  program.publish();
  program.consumeKafka([INVENTORY.name, PAYMENTS.name, SHIPMENTS.name], new FollowFulfilmentConsumer(orders));
}
