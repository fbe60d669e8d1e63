import { Injectable } from '@nestjs/common';
import { WorkItemQueue } from '@orderbridge/work-items';
import type { RefundItem } from '../storage/refund.repository.js';
import { RefundStrayCharges } from './refund-stray-charges.js';

/** Refunds at the same time. */
const STRAY_REFUND_CONCURRENCY = 2;

/** Works off the refunds of charges that belong to no payment. */
@Injectable()
export class StrayRefundQueue extends WorkItemQueue<RefundItem, string> {
  constructor(handlers: RefundStrayCharges) {
    super('stray-refund', handlers, STRAY_REFUND_CONCURRENCY);
  }
}
