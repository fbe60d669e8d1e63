import { Injectable } from '@nestjs/common';
import { WorkItemQueue } from '@orderbridge/work-items';
import type { ChargeDecision } from '../domain/payment.js';
import type { ChargeItem } from '../storage/payment.repository.js';
import { ChargePayments } from './charge-payments.js';

/** Charges at the same time. */
export const CHARGE_CONCURRENCY = 32;

/** Works off the charges that are due. */
@Injectable()
export class ChargeQueue extends WorkItemQueue<ChargeItem, ChargeDecision> {
  constructor(handlers: ChargePayments) {
    super('charge', handlers, CHARGE_CONCURRENCY);
  }
}
