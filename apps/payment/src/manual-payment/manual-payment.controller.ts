import { setTimeout as sleep } from 'node:timers/promises';
import { Body, Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { amount, currency, id, paymentToken, toMajorUnits, toMinorUnits } from '@orderbridge/contracts';
import { UnitsOfWork } from '@orderbridge/messaging';
import { aboutOrder, causeOf, ProblemException } from '@orderbridge/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { v7 as uuid } from 'uuid';
import { z } from 'zod';
import { ChargeQueue } from '../charge-payments/charge-queue.js';
import { sameTerms, type PaymentStatus } from '../domain/payment.js';
import { paymentView, viewOf, type PaymentView } from '../show-payments/payment-view.js';
import { PaymentRepository } from '../storage/payment.repository.js';

const body = z
  .strictObject({
    orderId: id,
    userId: id,
    amount: amount.refine((value) => value > 0, 'must be more than 0'),
    currency: currency.default('EUR'),
    paymentToken: paymentToken.describe("The gateway's token, e.g. tok_approve"),
  })
  .meta({
    id: 'ManualPayment',
    examples: [
      {
        orderId: '22222222-2222-2222-2222-222222222222',
        userId: '11111111-1111-1111-1111-111111111111',
        amount: 99.5,
        currency: 'EUR',
        paymentToken: 'tok_approve',
      },
    ],
  });

/** Statuses of a payment that was made, or may be. */
const PAYABLE: ReadonlySet<PaymentStatus> = new Set<PaymentStatus>(['PENDING', 'SUCCEEDED', 'FAILED']);

/** Milliseconds for which the answer waits for the gateway's decision, looking this often. */
const PATIENCE = 3_000;
const INTERVAL = 25;

/**
 * Takes a payment by hand, for example for an order by telephone. An order has one payment: asking again for the same
 * changes nothing, and an order that comes through the pipeline later takes the payment over.
 */
@ApiTags('payments')
@Controller('payment')
export class ManualPaymentController {
  constructor(
    private readonly payments: PaymentRepository,
    private readonly unitsOfWork: UnitsOfWork,
    private readonly charges: ChargeQueue,
  ) {}

  @Post()
  @HttpCode(201)
  @ApiOperation({ summary: "Charge an order's payment by hand; idempotent by order" })
  @ApiResponse({
    status: 200,
    description: 'The order had this payment already',
    standardSchema: paymentView,
  })
  @ApiResponse({ status: 201, description: 'The gateway has decided', standardSchema: paymentView })
  @ApiResponse({ status: 202, description: 'The gateway has not decided yet', standardSchema: paymentView })
  @ApiResponse({
    status: 409,
    description: 'The order has a payment of another amount, or was cancelled, rejected or refunded',
  })
  async pay(
    @Body({ schema: body })
    { orderId, userId, amount: sum, currency: code, paymentToken: token }: z.infer<typeof body>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PaymentView> {
    const wanted = { amount: toMinorUnits(sum), currency: code };
    const existing = await this.unitsOfWork.run((unit) =>
      this.payments.insert(unit.manager, [
        {
          id: uuid(),
          orderId,
          userId,
          status: 'PENDING',
          ...wanted,
          paymentToken: token,
          fulfilment: null,
          cause: causeOf(request),
        },
      ]),
    );
    aboutOrder(request, orderId);
    void reply.header('location', `/payment/status/${orderId}`);
    if (existing.size > 0) void reply.status(200);
    else this.charges.wake();
    const payment = await this.#decided(orderId);
    if (!sameTerms(payment, wanted)) {
      throw new ProblemException({
        status: 409,
        title: 'Other payment',
        detail: `The order ${orderId} has a payment of ${toMajorUnits(payment.amount)} ${payment.currency}. Nothing was charged.`,
      });
    }
    if (payment.cancelled || !PAYABLE.has(payment.status)) {
      throw new ProblemException({
        status: 409,
        title: 'Order not payable',
        detail: `The order ${orderId} was cancelled or rejected, or its payment is given back: its payment is ${payment.status}. What may have been charged is refunded. Place a new order.`,
        extensions: { paymentStatus: payment.status },
      });
    }
    if (payment.status === 'PENDING') void reply.status(202);
    return viewOf(payment, await this.payments.invoiceOf(payment.id));
  }

  async #decided(orderId: string) {
    for (const end = Date.now() + PATIENCE; ; await sleep(INTERVAL)) {
      const payment = await this.payments.findOfOrder(orderId);
      if (!payment) throw new Error(`The payment of the order ${orderId} is gone.`);
      if (payment.status !== 'PENDING' || Date.now() > end) return payment;
    }
  }
}
