import { setTimeout as sleep } from 'node:timers/promises';
import {
  fixtureEvent,
  orderCancelling,
  ORDERS,
  paymentProcessed,
  shipmentCancelled,
  shipmentCreated,
  shipmentDelivered,
  shipmentFailed,
  shipmentNotCancelled,
  shipmentVoided,
  voidRequested,
  type DataOf,
  type EventContract,
} from '@orderbridge/contracts';
import { KafkaPublisher } from '@orderbridge/kafka';
import type { OutgoingMessage } from '@orderbridge/messaging';
import { loadConfig } from '@orderbridge/service';
import request from 'supertest';
import { v7 as uuid } from 'uuid';
import { expectGolden } from '../../../test/service/golden.js';
import { createTestDatabase } from '../../../test/postgres/test-database.js';
import {
  newDelivery,
  redrivenFrom,
  startServiceUnderTest,
  type ServiceUnderTest,
} from '../../../test/service/service-under-test.js';
import { CarrierClient, VoidRefusedError } from './carrier/carrier.client.js';
import type { CarrierDecision } from './domain/shipment.js';
import { shippingEnvironment } from './shipping-environment.js';
import { FollowDeliveries } from './follow-deliveries/follow-deliveries.js';
import { ShippingModule } from './shipping.module.js';
import type { Delivery } from './storage/delivery.repository.js';
import type { BookingItem } from './storage/shipment.repository.js';
import type { VoidItem } from './storage/void.repository.js';

/** The carrier as the test wants it. */
class Carrier {
  readonly calls: BookingItem[] = [];
  decide: (item: BookingItem, nth: number) => Promise<CarrierDecision> = () =>
    Promise.resolve({
      booked: true,
      carrier: 'Mock Parcel',
      carrierReference: 'SHP-1',
      trackingNumber: 'MP0000000001DE',
    });

  createShipment(item: BookingItem): Promise<CarrierDecision> {
    this.calls.push(item);
    return this.decide(item, this.of(item.orderId).length);
  }

  /** What it has delivered, by a cursor that counts. */
  readonly delivered: Delivery[] = [];

  getDeliveries(cursor: string, limit: number): Promise<{ deliveries: Delivery[]; nextCursor: string }> {
    const start = Number(cursor);
    const deliveries = this.delivered.slice(start, start + limit);
    return Promise.resolve({ deliveries, nextCursor: `${start + deliveries.length || ''}` });
  }

  readonly voided: string[] = [];
  refuseToVoid = 0;
  /** Orders whose label it refuses to take back, once. */
  readonly neverVoids = new Set<string>();

  voidShipment({ orderId }: VoidItem): Promise<void> {
    this.voided.push(orderId);
    if (this.neverVoids.delete(orderId))
      return Promise.reject(new VoidRefusedError('There is no such label.'));
    return this.refuseToVoid-- > 0 ? Promise.reject(new Error('away')) : Promise.resolve();
  }

  of(orderId: string): BookingItem[] {
    return this.calls.filter((item) => item.orderId === orderId);
  }
}

describe('shipping service', () => {
  const carrier = new Carrier();
  const book = carrier.decide;
  let service: ServiceUnderTest;

  beforeAll(async () => {
    const config = loadConfig(shippingEnvironment, {
      DATABASE_URL: await createTestDatabase(),
      KAFKA_BROKERS: 'nowhere:1',
      CARRIER_URL: 'http://nowhere/carrier',
    });
    service = await startServiceUnderTest(ShippingModule.forRoot(config), { kafka: KafkaPublisher }, [
      { token: CarrierClient, value: carrier },
    ]);
  });

  afterAll(() => service.close());

  beforeEach(() => {
    carrier.decide = book;
    carrier.refuseToVoid = 0;
  });

  const http = () => request(service.app.getHttpServer());
  const paid = (orderId = uuid()): DataOf<typeof paymentProcessed> => ({
    ...fixtureEvent(paymentProcessed).data,
    orderId,
  });
  const announced = async (type: EventContract, orderId: string) => {
    for (let count = 1; ; count++) {
      const messages = await service.kafka.until(type, count);
      const found = messages.filter(({ key }) => key === orderId);
      if (found.length > 0) return found;
      count = Math.max(count, messages.length);
    }
  };

  test('books a paid order, sends the golden shipment.created and has its label', async () => {
    const order = paid();
    await service.deliver(newDelivery(paymentProcessed, order));
    const [message] = await announced(shipmentCreated, order.orderId);
    const { body: shipment } = await http().get(`/shipments/${order.orderId}`).expect(200);
    expect(shipment).toMatchObject({
      status: 'BOOKED',
      trackingNumber: 'MP0000000001DE',
      shipTo: order.shipTo,
      pieces: 3,
      label: `/shipments/${order.orderId}/label`,
    });
    expectGolden(shipmentCreated, message, { orderId: order.orderId, shipmentId: shipment.shipmentId });
    const first = await http()
      .get(shipment.label)
      .buffer(true)
      .expect(200)
      .expect('content-type', 'application/pdf');
    expect(first.body.subarray(0, 5).toString()).toBe('%PDF-');
    const second = await http().get(shipment.label).buffer(true).expect(200);
    expect(second.body.equals(first.body)).toBe(true);
  });

  test('a refused shipment ends in the golden shipment.failed and has no label', async () => {
    const reason = 'The carrier does not know the postal code 00000.';
    carrier.decide = () => Promise.resolve({ booked: false, code: 'InvalidAddress', reason });
    const order = paid();
    await service.deliver(newDelivery(paymentProcessed, order));
    const [message] = await announced(shipmentFailed, order.orderId);
    const { body: shipment } = await http().get(`/shipments/${order.orderId}`).expect(200);
    expect(shipment).toMatchObject({ status: 'FAILED', failure: { code: 'InvalidAddress', reason } });
    expectGolden(shipmentFailed, message, { orderId: order.orderId, shipmentId: shipment.shipmentId });
    const label = await http().get(`/shipments/${order.orderId}/label`).expect(409);
    expect(label.body.detail).toContain(reason);
  });

  describe('cancellation', () => {
    const cancelling = (orderId: string) =>
      newDelivery(orderCancelling, { ...fixtureEvent(orderCancelling).data, orderId });
    const shipmentOf = async (orderId: string) =>
      (await http().get(`/shipments/${orderId}`).expect(200)).body;
    const voidsOf = (orderId: string) => carrier.voided.filter((id) => id === orderId);

    test('before the order is paid, no label is ever bought', async () => {
      const order = paid();
      await service.deliver(cancelling(order.orderId));
      const [message] = await announced(shipmentCancelled, order.orderId);
      const { shipmentId, status, shipTo } = await shipmentOf(order.orderId);
      expect([status, shipTo]).toEqual(['CANCELLED', undefined]);
      expectGolden(shipmentCancelled, message, { orderId: order.orderId, shipmentId });
      await service.deliver(newDelivery(paymentProcessed, order));
      expect(await shipmentOf(order.orderId)).toMatchObject({ status: 'CANCELLED', attempts: 0 });
      expect(carrier.of(order.orderId)).toEqual([]);
    });

    test('after the booking, the label is taken back, however often the carrier is away', async () => {
      carrier.refuseToVoid = 2;
      const order = paid();
      await service.deliver(newDelivery(paymentProcessed, order));
      await announced(shipmentCreated, order.orderId);
      await service.deliver(cancelling(order.orderId), cancelling(order.orderId));
      const [message] = await announced(shipmentVoided, order.orderId);
      const { shipmentId, status, label } = await shipmentOf(order.orderId);
      expect([status, label]).toEqual(['VOIDED', undefined]);
      expectGolden(shipmentVoided, message, { orderId: order.orderId, shipmentId });
      expect(voidsOf(order.orderId)).toHaveLength(3);
      await http().get(`/shipments/${order.orderId}/label`).expect(409);
    });

    test('a label that the carrier refuses to take back for good is a dead letter; sent again it is asked again', async () => {
      const order = paid();
      const { orderId } = order;
      carrier.neverVoids.add(orderId);
      await service.deliver(newDelivery(paymentProcessed, order));
      await announced(shipmentCreated, orderId);
      await service.deliver(cancelling(orderId));
      const [letter] = await announced(voidRequested, orderId);
      expect(letter?.destination.name).toBe('orders.shipping.dlt');
      expect(letter?.headers).toMatchObject({
        dlt_error: 'VoidRefusedError',
        dlt_reason: 'There is no such label.',
        dlt_topic: 'orders',
      });
      const { original, delivery: redriven } = redrivenFrom(letter as OutgoingMessage, ORDERS);
      const { shipmentId, status } = await shipmentOf(orderId);
      expect(status).toBe('VOIDING');
      expectGolden(voidRequested, original, { orderId, shipmentId });
      await service.deliver(redriven, redriven);
      await announced(shipmentVoided, orderId);
      expect(voidsOf(orderId)).toHaveLength(2);
    });

    test.each<[string, CarrierDecision | undefined, EventContract]>([
      ['books, the label is taken back', undefined, shipmentVoided],
      [
        'refuses, there is no label',
        { booked: false, code: 'InvalidAddress', reason: 'no' },
        shipmentCancelled,
      ],
    ])('while the carrier is asked, and %s', async (_, refusal, expected) => {
      let answer!: (decision: CarrierDecision) => void;
      carrier.decide = () => new Promise((resolve) => (answer = resolve));
      const order = paid();
      await service.deliver(newDelivery(paymentProcessed, order));
      while (carrier.of(order.orderId).length === 0) await sleep(10);
      await service.deliver(cancelling(order.orderId));
      answer(refusal ?? (await book({} as BookingItem, 1)));
      await announced(expected, order.orderId);
      const told = service.kafka.messages.filter(({ key }) => key === order.orderId);
      expect(told.map(({ headers }) => headers['ce_type'])).toEqual([expected.type]);
      expect(voidsOf(order.orderId)).toHaveLength(refusal ? 0 : 1);
    });
  });

  test('when the carrier does not decide, the booking is repeated', async () => {
    carrier.decide = (item, nth) => (nth <= 2 ? Promise.reject(new Error('away')) : book(item, nth));
    const order = paid();
    await service.deliver(newDelivery(paymentProcessed, order));
    await announced(shipmentCreated, order.orderId);
    expect(carrier.of(order.orderId)).toHaveLength(3);
  });

  describe('delivery', () => {
    const deliver = async (orderId: string) => {
      carrier.delivered.push({ orderId, deliveredAt: new Date('2026-11-21T09:30:00.000Z') });
      await service.app.get(FollowDeliveries).follow();
    };

    test('what the carrier has delivered is announced by the golden shipment.delivered, once', async () => {
      const order = paid();
      await service.deliver(newDelivery(paymentProcessed, order));
      await announced(shipmentCreated, order.orderId);
      await deliver(order.orderId);
      const [message] = await announced(shipmentDelivered, order.orderId);
      const { body } = await http().get(`/shipments/${order.orderId}`).expect(200);
      expect(body).toMatchObject({ status: 'DELIVERED', deliveredAt: '2026-11-21T09:30:00.000Z' });
      expectGolden(shipmentDelivered, message, { orderId: order.orderId, shipmentId: body.shipmentId });
      await http().get(body.label).expect(200);
      await Promise.all([1, 2, 3].map(() => service.app.get(FollowDeliveries).follow()));
      expect(await announced(shipmentDelivered, order.orderId)).toHaveLength(1);
    });

    test('a delivery that is told of before the booking is settled comes after it', async () => {
      let answer!: (decision: CarrierDecision) => void;
      carrier.decide = () => new Promise((resolve) => (answer = resolve));
      const order = paid();
      await service.deliver(newDelivery(paymentProcessed, order));
      while (carrier.of(order.orderId).length === 0) await sleep(10);
      await deliver(order.orderId);
      answer(await book({} as BookingItem, 1));
      await announced(shipmentDelivered, order.orderId);
      const told = service.kafka.messages.filter(({ key }) => key === order.orderId);
      expect(told.map(({ headers }) => headers['ce_type'])).toEqual([
        shipmentCreated.type,
        shipmentDelivered.type,
      ]);
    });

    test('a delivered parcel cannot be kept back: that is announced, again when asked again', async () => {
      const order = paid();
      await service.deliver(newDelivery(paymentProcessed, order));
      await announced(shipmentCreated, order.orderId);
      await deliver(order.orderId);
      const { orderId } = order;
      const cancelling = () =>
        newDelivery(orderCancelling, { ...fixtureEvent(orderCancelling).data, orderId });
      await service.deliver(cancelling());
      const [message] = await announced(shipmentNotCancelled, orderId);
      const { shipmentId, carrier: name, trackingNumber, deliveredAt } = JSON.parse(message!.body.toString());
      expectGolden(shipmentNotCancelled, message, {
        orderId,
        shipmentId,
        carrier: name,
        trackingNumber,
        deliveredAt,
        reason: 'The parcel was delivered.',
      });
      await service.deliver(cancelling());
      const told = () =>
        service.kafka.messages.filter(
          ({ key, headers }) => key === orderId && headers['ce_type'] === shipmentNotCancelled.type,
        );
      while (told().length < 2) await sleep(10);
      expect(carrier.voided).not.toContain(orderId);
    });
  });

  test('who asks again for what was undone is told again', async () => {
    const order = paid();
    await service.deliver(newDelivery(paymentProcessed, order));
    await announced(shipmentCreated, order.orderId);
    const cancelling = () =>
      newDelivery(orderCancelling, { ...fixtureEvent(orderCancelling).data, orderId: order.orderId });
    await service.deliver(cancelling());
    await announced(shipmentVoided, order.orderId);
    await service.deliver(cancelling());
    const told = () =>
      service.kafka.messages.filter(
        ({ key, headers }) => key === order.orderId && headers['ce_type'] === shipmentVoided.type,
      );
    while (told().length < 2) await sleep(10);
    expect(carrier.voided.filter((id) => id === order.orderId)).toHaveLength(1);
  });

  test('a payment that is delivered again, or told anew, books one shipment, and that is told again', async () => {
    const order = paid();
    const delivery = newDelivery(paymentProcessed, order);
    await service.deliver(delivery, delivery);
    await announced(shipmentCreated, order.orderId);
    await service.deliver(delivery);
    await service.deliver(newDelivery(paymentProcessed, order));
    expect(carrier.of(order.orderId)).toHaveLength(1);
    const told = () =>
      service.kafka.messages.filter(
        ({ key, headers }) => key === order.orderId && headers['ce_type'] === shipmentCreated.type,
      );
    while (told().length < 2) await sleep(10);
    expect(told()[1]?.body).toEqual(told()[0]?.body);
  });

  test('an order without a shipment is 404', async () => {
    await http()
      .get(`/shipments/${uuid()}`)
      .expect(404)
      .expect('content-type', /problem\+json/);
    await http().get(`/shipments/${uuid()}/label`).expect(404);
    await http().get('/shipments/42').expect(400);
  });
});
