import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { id } from '@orderbridge/contracts';
import { z } from 'zod';
import type { OrderEntity } from '../storage/order.entity.js';
import { OrderRepository } from '../storage/order.repository.js';
import {
  orderPage,
  orderView,
  timelineView,
  timelineViewOf,
  viewOf,
  type OrderPage,
  type OrderView,
  type TimelineView,
} from './order-view.js';
import { unknownOrder } from './unknown-order.js';

const page = z.strictObject({
  limit: z.coerce.number().int().min(1).max(100).default(20).describe('Most orders of the page'),
  cursor: id.optional().describe('nextCursor of the page before'),
});

@ApiTags('orders')
@Controller('orders')
export class ShowOrdersController {
  constructor(private readonly orders: OrderRepository) {}

  @Get('user/:userId')
  @ApiOperation({ summary: "A user's orders, newest first" })
  @ApiResponse({ status: 200, standardSchema: orderPage })
  async ofUser(
    @Param('userId', { schema: id }) userId: string,
    @Query({ schema: page }) { limit, cursor }: z.infer<typeof page>,
  ): Promise<OrderPage> {
    const found = await this.orders.findOfUser(userId, limit + 1, cursor);
    const shown = found.slice(0, limit);
    return {
      orders: shown.map(viewOf),
      ...(found.length > limit && { nextCursor: shown.at(-1)?.id }),
    };
  }

  @Get(':orderId')
  @ApiOperation({ summary: 'An order' })
  @ApiResponse({ status: 200, standardSchema: orderView })
  @ApiResponse({ status: 404, description: 'There is no such order' })
  async one(@Param('orderId', { schema: id }) orderId: string): Promise<OrderView> {
    return viewOf(await this.#find(orderId));
  }

  @Get(':orderId/timeline')
  @ApiOperation({ summary: 'Everything that happened to an order, in the order in which it was heard of' })
  @ApiResponse({ status: 200, standardSchema: timelineView })
  @ApiResponse({ status: 404, description: 'There is no such order' })
  async timeline(@Param('orderId', { schema: id }) orderId: string): Promise<TimelineView> {
    const order = await this.#find(orderId);
    return timelineViewOf(order, await this.orders.timelineOf(orderId));
  }

  async #find(orderId: string): Promise<OrderEntity> {
    const order = await this.orders.find(orderId);
    if (order) return order;
    throw unknownOrder(orderId);
  }
}
