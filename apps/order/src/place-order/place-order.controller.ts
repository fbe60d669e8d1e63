import { Body, Controller, Headers, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { aboutOrder, causeOf, ProblemException } from '@orderbridge/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { orderView, type OrderView } from '../show-orders/order-view.js';
import { PlaceOrder } from './place-order.js';
import { placeOrderBody, type PlaceOrderBody } from './place-order.schema.js';

const KEY = /^[\x21-\x7e]{1,255}$/;

@ApiTags('orders')
@Controller()
export class PlaceOrderController {
  constructor(private readonly placeOrder: PlaceOrder) {}

  @Post(['orders', 'place-order'])
  @HttpCode(201)
  @ApiOperation({ summary: 'Place an order' })
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description:
      'A key of your choice: a request that is sent again with the same key places no second order',
  })
  @ApiResponse({
    status: 201,
    description: 'Placed; Location says where to follow it',
    standardSchema: orderView,
  })
  @ApiResponse({ status: 400, description: 'The body does not fit the schema' })
  @ApiResponse({ status: 409, description: 'The amount is not what the order costs, or the key is in use' })
  @ApiResponse({
    status: 422,
    description: 'Unknown product, missing address, or the key was used for another order',
  })
  async place(
    @Body({ schema: placeOrderBody }) body: PlaceOrderBody,
    @Headers('idempotency-key') key: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<OrderView> {
    if (key !== undefined && !KEY.test(key)) {
      throw new ProblemException({
        status: 400,
        title: 'Invalid request',
        detail: 'The Idempotency-Key must be 1 to 255 visible ASCII characters.',
        errors: [{ pointer: 'Idempotency-Key', detail: 'must be 1 to 255 visible ASCII characters' }],
      });
    }
    const order = await this.placeOrder.place(body, causeOf(request), key);
    aboutOrder(request, order.orderId);
    void reply.header('location', `/orders/${order.orderId}`);
    return order;
  }
}
