import type { EventRoutes, MessageStore } from '@orderbridge/messaging';
import type { PaymentGatewayClient } from '../../../apps/payment/src/payment-gateway/payment-gateway.client.js';
import type { ReservationRepository } from '../../../apps/inventory/src/storage/reservation.repository.js';
import type { PaymentRepository } from '../../../apps/payment/src/storage/payment.repository.js';
import type { CarrierClient } from '../../../apps/shipping/src/carrier/carrier.client.js';
import type { ClosingRepository } from '../../../apps/shipping/src/storage/closing.repository.js';
import type { PartnerOperation } from '@orderbridge/work-items';
import type { BusMessage } from '../brokers/bus-message.js';
import type { Public } from '../public.js';
import type { World } from '../world.js';
import type { Program } from '../services/program.js';

/** What a mutant may put in the place of the real thing or its fake. */
export interface Replaceable {
  store: MessageStore;
  routes: EventRoutes;
  reservations: Public<ReservationRepository>;
  payments: Public<PaymentRepository>;
  gateway: Public<PaymentGatewayClient>;
  carrier: Public<CarrierClient>;
  closings: Public<ClosingRepository>;
  /** An operation of a partner, with its circuit breaker. */
  operation: PartnerOperation;
  /** When a consumer acknowledges what it took. */
  acknowledge: 'after' | 'before';
  /** What the operator sends for a dead letter. */
  redriven: BusMessage;
}

/** A bug of an earlier system, switched on in the simulator only. */
export interface Mutant {
  readonly name: string;
  /** What it does wrong. */
  readonly bug: string;
  readonly replace: {
    readonly [Part in keyof Replaceable]?: (real: Replaceable[Part], where: Place) => Replaceable[Part];
  };
}

export interface Place {
  readonly world: World;
  /** Absent for the operator. */
  readonly program?: Program;
}
