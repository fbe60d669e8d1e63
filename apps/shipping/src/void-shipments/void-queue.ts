import { Injectable } from '@nestjs/common';
import { WorkItemQueue } from '@orderbridge/work-items';
import type { VoidItem } from '../storage/void.repository.js';
import { VoidShipments } from './void-shipments.js';

/** Labels taken back at the same time. */
export const VOID_CONCURRENCY = 8;

/** Works off the labels that are to be taken back. */
@Injectable()
export class VoidQueue extends WorkItemQueue<VoidItem, void> {
  constructor(handlers: VoidShipments) {
    super('void', handlers, VOID_CONCURRENCY);
  }
}
