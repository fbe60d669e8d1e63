import type { PartnerOperation } from '@orderbridge/work-items';

/** What the carrier is called for, each with a circuit breaker of its own. */
export class CarrierOperations {
  constructor(
    readonly booking: PartnerOperation,
    readonly voiding: PartnerOperation,
    readonly deliveries: PartnerOperation,
    readonly lookup: PartnerOperation,
  ) {}
}
