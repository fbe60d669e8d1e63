import { causedBy, toMinorUnits, type CloudEvent } from '@orderbridge/contracts';
import { v7 as uuid } from 'uuid';
import type { NewPayment } from '../storage/payment.repository.js';

/** The payment of an order that is not to be charged. */
export const unpaidPayment = (
  event: CloudEvent<{ orderId: string; userId: string; totalAmount: number; currency: string }>,
): NewPayment => ({
  id: uuid(),
  orderId: event.data.orderId,
  userId: event.data.userId,
  status: 'UNPAID',
  amount: toMinorUnits(event.data.totalAmount),
  currency: event.data.currency,
  paymentToken: null,
  fulfilment: null,
  cause: causedBy(event),
});
