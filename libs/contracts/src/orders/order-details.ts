import { z } from 'zod';
import { amount, currency } from '../money.js';
import { text } from '../text.js';

/**
 * Any 8-4-4-4-12 hexadecimal id, in lower case as PostgreSQL writes it. The seed's ids are no RFC 9562 UUIDs, so
 * version and variant are not checked.
 */
export const id = z.guid().toLowerCase();

export const shipTo = z.object({
  name: text(100).min(1),
  street: text(100).min(1),
  postalCode: text(12).min(1),
  city: text(100).min(1),
  /** ISO 3166-1 alpha-2. */
  country: z.string().regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 code such as DE'),
});
export type ShipTo = z.infer<typeof shipTo>;

/** UTF-16 units of a product's name, at the most. */
export const MAX_PRODUCT_NAME = 1_000;

export const orderLine = z.object({
  productId: id,
  name: text(MAX_PRODUCT_NAME),
  quantity: z.int().min(1),
  unitPrice: amount,
});
export type OrderLine = z.infer<typeof orderLine>;

/** The gateway's token of the customer's means of payment. */
export const paymentToken = text(100).min(1);

/** What the later steps need to know of an order; each step hands it on, so that none has to ask another. */
export const orderDetails = z.object({
  orderId: id,
  userId: id,
  totalAmount: amount,
  currency,
  lines: z.array(orderLine).min(1),
  shipTo,
  /** What the payment gateway charges. Travels no further than the payment service. */
  paymentToken,
});
export type OrderDetails = z.infer<typeof orderDetails>;
