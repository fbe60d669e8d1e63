import { Inject, Injectable } from '@nestjs/common';
import { UnitsOfWork } from '@orderbridge/messaging';
import { PeriodicTask } from '@orderbridge/service';
import { INVENTORY_CONFIG, type InventoryConfig } from '../inventory-environment.js';
import { ReservationRepository } from '../storage/reservation.repository.js';
import { requestStates } from './reservation-listing.js';

/** Milliseconds between two checks. */
const INTERVAL_MS = 30_000;
/** Most reservations of one transaction. */
const BATCH = 100;

/**
 * Asks for the state of orders whose pieces have been reserved for long, again after the same time: that an order has left
 * or failed is announced once, and may have been lost with the broker's data.
 */
@Injectable()
export class CheckReservations extends PeriodicTask {
  constructor(
    private readonly reservations: ReservationRepository,
    private readonly unitsOfWork: UnitsOfWork,
    @Inject(INVENTORY_CONFIG) private readonly config: InventoryConfig,
  ) {
    super(INTERVAL_MS);
  }

  /** Resolves with whether there may be more of them. */
  run(): Promise<boolean> {
    const { RESERVATION_CHECK_SECONDS: seconds } = this.config;
    return this.unitsOfWork.run(async (unit) => {
      const old = await this.reservations.takeOpenFor(unit.manager, seconds * 1_000, BATCH);
      requestStates(unit, old, `It has been reserved for ${seconds} s.`);
      return old.length === BATCH;
    });
  }
}
