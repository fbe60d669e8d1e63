import type { EntityManager } from 'typeorm';
import type {
  DeliveredShipment,
  Delivery,
  DeliveryRepository,
} from '../../../../apps/shipping/src/storage/delivery.repository.js';
import type { Session } from '../../database/database.js';
import type { Public } from '../../public.js';
import type { ShipmentStatus } from '../../../../apps/shipping/src/domain/shipment.js';
import { announced, type ShippingTables } from './fake-shipment.repository.js';

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
      let previousStatus: ShipmentStatus | undefined;
      const rows = await transaction.update(
        this.tables.shipments,
        (shipment) =>
          shipment.orderId === orderId &&
          ['BOOKED', 'VOIDING', 'REQUESTED', 'CLOSING'].includes(shipment.status),
        ({ status }) => {
          previousStatus = status;
          return {
            deliveredAt,
            status: status === 'BOOKED' || status === 'VOIDING' ? 'DELIVERED' : status,
          };
        },
      );
      for (const row of rows) {
        if (row.status !== 'DELIVERED' || !previousStatus) continue;
        delivered.push({ ...announced(row), previousStatus });
      }
    }
    return delivered;
  }
}
