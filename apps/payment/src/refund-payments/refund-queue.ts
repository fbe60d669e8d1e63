import { Injectable } from '@nestjs/common';
import { WorkItemQueue } from '@orderbridge/work-items';
import type { RefundItem } from '../storage/refund.repository.js';
import { RefundPayments } from './refund-payments.js';

/** Refunds at the same time. */
export const REFUND_CONCURRENCY = 8;

/** Works off the refunds that are due. */
@Injectable()
export class RefundQueue extends WorkItemQueue<RefundItem, string> {
  constructor(handlers: RefundPayments) {
    super('refund', handlers, REFUND_CONCURRENCY);
  }
}
