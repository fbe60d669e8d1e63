/** From each status of an order, those it may come to. Written down here once more, independent of the product. */
export const ALLOWED_MOVES: Readonly<Record<string, readonly string[]>> = {
  PLACED: [
    'RESERVED',
    'PAID',
    'SHIPPED',
    'DELIVERED',
    'REJECTED',
    'PAYMENT_FAILED',
    'FULFILMENT_FAILED',
    'CANCELLING',
  ],
  RESERVED: ['PAID', 'SHIPPED', 'DELIVERED', 'PAYMENT_FAILED', 'FULFILMENT_FAILED', 'CANCELLING'],
  PAID: ['SHIPPED', 'DELIVERED', 'FULFILMENT_FAILED', 'CANCELLING'],
  SHIPPED: ['DELIVERED'],
  FULFILMENT_FAILED: ['REFUNDED'],
  CANCELLING: ['CANCELLED', 'SHIPPED', 'DELIVERED'],
};

/** Statuses after which nothing more is expected. */
export const TERMINAL: ReadonlySet<string> = new Set([
  'DELIVERED',
  'REJECTED',
  'PAYMENT_FAILED',
  'REFUNDED',
  'CANCELLED',
]);
