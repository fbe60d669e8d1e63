import type { PartnerOperation } from '@orderbridge/work-items';

/** What the gateway is called for, each with a circuit breaker of its own. */
export class GatewayOperations {
  constructor(
    readonly charge: PartnerOperation,
    readonly refund: PartnerOperation,
    readonly lookup: PartnerOperation,
  ) {}
}
