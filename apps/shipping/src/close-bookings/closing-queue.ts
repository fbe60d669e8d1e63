import { Injectable } from '@nestjs/common';
import { WorkItemQueue } from '@orderbridge/work-items';
import type { CarrierDecision } from '../domain/shipment.js';
import type { ClosingItem } from '../storage/closing.repository.js';
import { CloseBookings } from './close-bookings.js';

/** Look-ups at the same time. */
const CLOSING_CONCURRENCY = 8;

/** Works off the bookings that are to be closed. */
@Injectable()
export class ClosingQueue extends WorkItemQueue<ClosingItem, CarrierDecision> {
  constructor(handlers: CloseBookings) {
    super('closing', handlers, CLOSING_CONCURRENCY);
  }
}
