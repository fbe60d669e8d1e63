import { Controller, HttpCode, Param, Put, Req } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { id } from '@orderbridge/contracts';
import { causeOf } from '@orderbridge/service';
import type { FastifyRequest } from 'fastify';
import { orderView, viewOf, type OrderView } from '../show-orders/order-view.js';
import { CancelOrder } from './cancel-order.js';

@ApiTags('orders')
@Controller('orders')
export class CancelOrderController {
  constructor(private readonly cancelOrder: CancelOrder) {}

  @Put(':orderId/cancel')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Cancel an order that has not been shipped; idempotent',
    description: 'The order is CANCELLING until its stock, charge and label are undone, then CANCELLED.',
  })
  @ApiResponse({ status: 200, description: 'Cancelled, now or before', standardSchema: orderView })
  @ApiResponse({ status: 404, description: 'There is no such order' })
  @ApiResponse({ status: 409, description: 'The order was shipped, or has failed' })
  async cancel(
    @Param('orderId', { schema: id }) orderId: string,
    @Req() request: FastifyRequest,
  ): Promise<OrderView> {
    return viewOf(await this.cancelOrder.cancel(orderId, 'Cancelled by the customer.', causeOf(request)));
  }
}
