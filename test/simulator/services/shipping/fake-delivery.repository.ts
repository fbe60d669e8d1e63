import type { EntityManager } from 'typeorm';
import type {
  DeliveredShipment,
  Delivery,
  DeliveryRepository,
} from '../../../../apps/shipping/src/storage/delivery.repository.js';
import type { Session } from '../../database/database.js';
import type { Public } from '../../public.js';
import type { ShippingTables } from './fake-shipment.repository.js';

/** Of the one row that there is. */
const KEY = 'cursor';

export class FakeDeliveryRepository implements Public<DeliveryRepository> {
  constructor(
    private readonly session: Session,
    private readonly tables: ShippingTables,
  ) {}

  cursor(): Promise<string> {
    return this.session.autocommit(
      'finds the cursor',
      (transaction) => transaction.get(this.tables.cursor, KEY)?.cursor ?? '',
    );
  }

  async advance(manager: EntityManager, from: string, to: string): Promise<boolean> {
    const transaction = await this.session.statement(manager, 'advances the cursor');
    await transaction.insertIfAbsent(this.tables.cursor, KEY, { cursor: '' });
    const moved = await transaction.update(
      this.tables.cursor,
      ({ cursor }) => cursor === from,
      () => ({ cursor: to }),
    );
    return moved.length === 1;
  }

  async deliver(manager: EntityManager, deliveries: readonly Delivery[]): Promise<DeliveredShipment[]> {
    const transaction = await this.session.statement(manager, 'writes deliveries');
    const delivered: DeliveredShipment[] = [];
    for (const { orderId, deliveredAt } of deliveries) {
      const rows = await transaction.update(
        this.tables.shipments,
        (shipment) => shipment.orderId === orderId && ['BOOKED', 'REQUESTED'].includes(shipment.status),
        ({ status }) => ({ deliveredAt, status: status === 'BOOKED' ? 'DELIVERED' : status }),
      );
      for (const { id, userId, status, trackingNumber, cause } of rows) {
        if (status !== 'DELIVERED') continue;
        const shipment = { id, orderId, userId, status, deliveredAt, cause };
        delivered.push({ ...shipment, trackingNumber: trackingNumber as string });
      }
    }
    return delivered;
  }
}
