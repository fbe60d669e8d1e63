import { Injectable } from '@nestjs/common';
import { inventoryOrderStateRequested } from '@orderbridge/contracts';
import type { UnitOfWork } from '@orderbridge/messaging';
import type { Counts, Listing, ListingPage } from '@orderbridge/reconciliation';
import { ReservationRepository } from '../storage/reservation.repository.js';

/** Open reservations that are asked about at once. */
const PAGE = 200;

/** The open reservations: the state of the order of each is requested. */
@Injectable()
export class ReservationListing implements Listing<string> {
  readonly name = 'reservations';

  constructor(private readonly reservations: ReservationRepository) {}

  async page(cursor: string | undefined): Promise<ListingPage<string>> {
    const entries = await this.reservations.openAfter(cursor, PAGE);
    return { entries, nextCursor: entries.length === PAGE ? entries.at(-1) : undefined };
  }

  compare(unit: UnitOfWork, orderIds: readonly string[]): Promise<Counts> {
    requestStates(unit, orderIds, 'It is reserved.');
    return Promise.resolve({ requested: orderIds.length });
  }
}

/** Asks for the states of orders, once each. */
export function requestStates(unit: UnitOfWork, orderIds: readonly string[], reason: string): void {
  for (const orderId of orderIds)
    unit.send(inventoryOrderStateRequested, { orderId, reason }, { correlationId: orderId });
}
