import { Injectable } from '@nestjs/common';
import { WorkItemQueue } from '@orderbridge/work-items';
import type { VoidDecision } from '../domain/shipment.js';
import type { VoidItem } from '../storage/void.repository.js';
import { VoidShipments } from './void-shipments.js';

/** Labels voided at the same time. */
export const VOID_CONCURRENCY = 8;

/** Works off the labels that are to be voided. */
@Injectable()
export class VoidQueue extends WorkItemQueue<VoidItem, VoidDecision> {
  constructor(handlers: VoidShipments) {
    super('void', handlers, VOID_CONCURRENCY);
  }
}
