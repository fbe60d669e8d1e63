import { Inject, Injectable } from '@nestjs/common';
import { PeriodicTask } from '@orderbridge/service';
import { SHIPPING_CONFIG, type ShippingConfig } from '../shipping-environment.js';
import { FollowDeliveries } from './follow-deliveries.js';

/** Follows deliveries for as long as the service runs. */
@Injectable()
export class DeliveryWatcher extends PeriodicTask {
  constructor(
    private readonly deliveries: FollowDeliveries,
    @Inject(SHIPPING_CONFIG) config: ShippingConfig,
  ) {
    super(config.DELIVERY_POLL_MS);
  }

  protected run(): Promise<boolean> {
    return this.deliveries.follow();
  }
}
