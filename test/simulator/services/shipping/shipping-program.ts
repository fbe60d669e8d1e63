import { ORDERS, PAYMENTS } from '@orderbridge/contracts';
import { CarrierOperations } from '../../../../apps/shipping/src/carrier/carrier-operations.js';
import { ResumeBookingsConsumer } from '../../../../apps/shipping/src/book-shipments/resume-bookings.consumer.js';
import { ResumeVoidsConsumer } from '../../../../apps/shipping/src/void-shipments/resume-voids.consumer.js';
import { BookShipments } from '../../../../apps/shipping/src/book-shipments/book-shipments.js';
import type { BookingQueue } from '../../../../apps/shipping/src/book-shipments/booking-queue.js';
import { CancelShipmentsConsumer } from '../../../../apps/shipping/src/cancel-shipments/cancel-shipments.consumer.js';
import type { CarrierClient } from '../../../../apps/shipping/src/carrier/carrier.client.js';
import { RequestShipmentsConsumer } from '../../../../apps/shipping/src/request-shipments/request-shipments.consumer.js';
import { FollowDeliveries } from '../../../../apps/shipping/src/follow-deliveries/follow-deliveries.js';
import type { DeliveryRepository } from '../../../../apps/shipping/src/storage/delivery.repository.js';
import type { ShipmentRepository } from '../../../../apps/shipping/src/storage/shipment.repository.js';
import type { VoidRepository } from '../../../../apps/shipping/src/storage/void.repository.js';
import type { VoidQueue } from '../../../../apps/shipping/src/void-shipments/void-queue.js';
import { VoidShipments } from '../../../../apps/shipping/src/void-shipments/void-shipments.js';
import type { Program } from '../program.js';
import { CloseBookings } from '../../../../apps/shipping/src/close-bookings/close-bookings.js';
import type { ClosingQueue } from '../../../../apps/shipping/src/close-bookings/closing-queue.js';
import type { ClosingRepository } from '../../../../apps/shipping/src/storage/closing.repository.js';
import { FakeClosingRepository } from './fake-closing.repository.js';
import { FakeDeliveryRepository } from './fake-delivery.repository.js';
import { FakeShipmentRepository } from './fake-shipment.repository.js';
import { FakeVoidRepository } from './fake-void.repository.js';

/** apps/shipping on fakes. */
export function startShipping(program: Program): void {
  const { world, session, process, unitsOfWork } = program;
  const { tables } = world.shipping;
  const shipments = new FakeShipmentRepository(session, tables) as unknown as ShipmentRepository;
  const voids = new FakeVoidRepository(session, tables) as unknown as VoidRepository;
  const closings = world.part(
    'closings',
    new FakeClosingRepository(session, tables),
    program,
  ) as unknown as ClosingRepository;
  const carrier = world.part('carrier', world.carrier.client(process), program) as CarrierClient;
  const operations = new CarrierOperations(
    program.operation('booking'),
    program.operation('void'),
    program.operation('deliveries'),
    program.operation('lookup'),
  );
  const voidQueue = program.work(new VoidShipments(voids, carrier, operations, unitsOfWork)) as VoidQueue;
  const bookingQueue = program.work(
    new BookShipments(shipments, carrier, operations, voidQueue, unitsOfWork),
  ) as BookingQueue;
  const closingQueue = program.work(
    new CloseBookings(closings, shipments, carrier, operations, voidQueue, unitsOfWork),
  ) as ClosingQueue;
  const deliveries = new FakeDeliveryRepository(session, tables) as unknown as DeliveryRepository;
  const followDeliveries = new FollowDeliveries(deliveries, carrier, operations, unitsOfWork);
  program.repeat(5_000, () => followDeliveries.follow());
  program.publish();
  program.consumeKafka(
    [ORDERS.name, PAYMENTS.name],
    new RequestShipmentsConsumer(shipments, bookingQueue),
    new CancelShipmentsConsumer(shipments, closingQueue, voidQueue),
    new ResumeBookingsConsumer(shipments, bookingQueue, closingQueue),
    new ResumeVoidsConsumer(voids, voidQueue),
  );
}
