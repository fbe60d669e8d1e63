import { Controller, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { id } from '@orderbridge/contracts';
import { ProblemException } from '@orderbridge/service';
import { PaymentRepository } from '../storage/payment.repository.js';
import { paymentView, viewOf, type PaymentView } from './payment-view.js';

@ApiTags('payments')
@Controller('payment')
export class ShowPaymentsController {
  constructor(private readonly payments: PaymentRepository) {}

  @Get('status/:orderId')
  @ApiOperation({ summary: "An order's payment" })
  @ApiResponse({ status: 200, standardSchema: paymentView })
  @ApiResponse({ status: 404, description: 'The order has no payment (yet)' })
  async status(@Param('orderId', { schema: id }) orderId: string): Promise<PaymentView> {
    const payment = await this.payments.findOfOrder(orderId);
    if (payment) return viewOf(payment, await this.payments.invoiceOf(payment.id));
    throw new ProblemException({
      status: 404,
      title: 'No payment',
      detail: `The order ${orderId} has no payment (yet).`,
    });
  }
}
