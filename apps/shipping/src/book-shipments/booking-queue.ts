import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { WorkItemProcessor, workItemMetrics } from '@orderbridge/work-items';
import type { CarrierDecision } from '../domain/shipment.js';
import type { BookingItem } from '../storage/shipment.repository.js';
import { BookShipments } from './book-shipments.js';

/** Bookings at the same time. */
export const BOOKING_CONCURRENCY = 32;

/** Works off the bookings that are due. */
@Injectable()
export class BookingQueue implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #processor: WorkItemProcessor<BookingItem, CarrierDecision>;

  constructor(handlers: BookShipments) {
    this.#processor = new WorkItemProcessor({
      handlers,
      observer: workItemMetrics('booking', new Logger(BookingQueue.name)),
      concurrency: BOOKING_CONCURRENCY,
    });
  }

  wake(): void {
    this.#processor.wake();
  }

  onApplicationBootstrap(): void {
    this.#processor.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.#processor.stop();
  }
}
