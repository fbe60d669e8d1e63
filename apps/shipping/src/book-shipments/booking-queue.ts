import { Injectable } from '@nestjs/common';
import { WorkItemQueue } from '@orderbridge/work-items';
import type { CarrierDecision } from '../domain/shipment.js';
import type { BookingItem } from '../storage/shipment.repository.js';
import { BookShipments } from './book-shipments.js';

/** Bookings at the same time. */
export const BOOKING_CONCURRENCY = 32;

/** Works off the bookings that are due. */
@Injectable()
export class BookingQueue extends WorkItemQueue<BookingItem, CarrierDecision> {
  constructor(handlers: BookShipments) {
    super('booking', handlers, BOOKING_CONCURRENCY);
  }
}
