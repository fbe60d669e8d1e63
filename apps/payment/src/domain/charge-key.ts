import { createHash } from 'node:crypto';

/**
 * The gateway's idempotency key of an order's charge. It follows from the order, so that a restored database asks with the
 * same key, and from a payment token that an operator has edited, under which nothing may have been charged yet.
 */
export const chargeKeyOf = (orderId: string, editedToken?: string): string =>
  editedToken === undefined
    ? `charge-${orderId}`
    : `charge-${orderId}-${createHash('sha256').update(editedToken).digest('hex').slice(0, 8)}`;

/** The key after one that is used up: the gateway keeps an error of its own under it and has charged nothing. */
export const nthKey = (key: string, nth: number): string => (nth === 1 ? key : `${key}-${nth}`);
