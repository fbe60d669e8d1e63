import { setTimeout as sleep } from 'node:timers/promises';
import {
  bookingRequested,
  fixtureEvent,
  orderCancelling,
  ORDERS,
  orderStateReported,
  shippingOrderStateRequested,
  paymentProcessed,
  shipmentCancelled,
  shipmentCreated,
  shipmentDelivered,
  shipmentFailed,
  shipmentNotCancelled,
  shipmentPostponed,
  shipmentVoided,
  voidRequested,
  type DataOf,
  type EventContract,
} from '@orderbridge/contracts';
import { KafkaPublisher } from '@orderbridge/kafka';
import { PermanentError, type OutgoingMessage } from '@orderbridge/messaging';
import { until } from '@orderbridge/running-stack';
import { loadConfig } from '@orderbridge/service';
import { MAX_ITEM_FAILURES } from '@orderbridge/work-items';
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
import type { FoundShipment, ListedShipment } from './carrier/carrier-answers.js';
import { CarrierClient, type Page, type VoidRefusal } from './carrier/carrier.client.js';
import { RequestFaultedError } from './carrier/request-faulted.error.js';
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

  getDeliveries(cursor: string, limit: number): Promise<Page<Delivery>> {
    const start = Number(cursor);
    const entries = this.delivered.slice(start, start + limit);
    return Promise.resolve({
      entries,
      listed: entries.length,
      nextCursor: `${start + entries.length || ''}`,
    });
  }

  listed: ListedShipment[] = [];

  listShipments(): Promise<Page<ListedShipment>> {
    return Promise.resolve({ entries: this.listed, listed: this.listed.length, nextCursor: '' });
  }

  /** What it has, by order. */
  readonly labels = new Map<string, FoundShipment>();
  readonly lookedUp: string[] = [];

  getShipment({ orderId }: { orderId: string }): Promise<FoundShipment | undefined> {
    this.lookedUp.push(orderId);
    return Promise.resolve(this.labels.get(orderId));
  }

  readonly voided: string[] = [];
  voidFailures = 0;
  /** How it answers to void the labels of some orders. */
  readonly voids = new Map<string, () => Promise<VoidRefusal | undefined>>();

  voidShipment({ orderId }: VoidItem): Promise<VoidRefusal | undefined> {
    this.voided.push(orderId);
    const answer = this.voids.get(orderId);
    if (answer) return answer();
    return this.voidFailures-- > 0 ? Promise.reject(new Error('down')) : Promise.resolve(undefined);
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
    carrier.voidFailures = 0;
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

    test('after the booking, the label is voided, however often the carrier is down', async () => {
      carrier.voidFailures = 2;
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

    const LABEL = { carrier: 'Mock Parcel', carrierReference: 'SHP-1', trackingNumber: 'MP0000000001DE' };
    const booked = async () => {
      const order = paid();
      await service.deliver(newDelivery(paymentProcessed, order));
      await announced(shipmentCreated, order.orderId);
      return order.orderId;
    };

    test('a void that the carrier refuses permanently is too late: the parcel goes on', async () => {
      const orderId = await booked();
      carrier.labels.set(orderId, LABEL);
      carrier.voids.set(orderId, () => Promise.resolve({ code: 'VoidRefused', reason: 'It has left.' }));
      await service.deliver(cancelling(orderId));
      const [message] = await announced(shipmentNotCancelled, orderId);
      expect(JSON.parse(message!.body.toString())).toMatchObject({ carrier: 'Mock Parcel' });
      expect(JSON.parse(message!.body.toString())).not.toHaveProperty('deliveredAt');
      expect((await shipmentOf(orderId)).status).toBe('BOOKED');
      expect(service.kafka.messages.filter(({ headers }) => headers['dlt_topic'])).toEqual([]);
    });

    test('a void refused since the parcel was delivered says when', async () => {
      const orderId = await booked();
      carrier.labels.set(orderId, { ...LABEL, deliveredAt: new Date('2026-11-21T09:30:00.000Z') });
      carrier.voids.set(orderId, () => Promise.resolve({ code: 'AlreadyDelivered', reason: 'Too late.' }));
      await service.deliver(cancelling(orderId));
      const [message] = await announced(shipmentNotCancelled, orderId);
      expect(JSON.parse(message!.body.toString())).toMatchObject({ deliveredAt: '2026-11-21T09:30:00.000Z' });
      expect((await shipmentOf(orderId)).status).toBe('DELIVERED');
    });

    test('a label that the carrier does not know is void', async () => {
      const orderId = await booked();
      carrier.voids.set(orderId, () => Promise.resolve({ code: 'NotFound', reason: 'No such label.' }));
      await service.deliver(cancelling(orderId));
      await announced(shipmentVoided, orderId);
    });

    test('a delivery that is heard of while the label is to be voided is too late', async () => {
      const orderId = await booked();
      let refuse!: (error: Error) => void;
      carrier.voids.set(orderId, () => new Promise((_, reject) => (refuse = reject)));
      await service.deliver(cancelling(orderId));
      while (voidsOf(orderId).length === 0) await sleep(10);
      carrier.delivered.push({ orderId, deliveredAt: new Date('2026-11-21T09:30:00.000Z') });
      await service.app.get(FollowDeliveries).follow();
      await announced(shipmentNotCancelled, orderId);
      refuse(new Error('down'));
      expect((await shipmentOf(orderId)).status).toBe('DELIVERED');
    });

    test('a void that fails by itself is a dead letter; redriven it is retried, or given up', async () => {
      const orderId = await booked();
      carrier.voids.set(orderId, () => Promise.reject(new PermanentError('It cannot be sent.')));
      await service.deliver(cancelling(orderId));
      const [deadLetter] = await announced(voidRequested, orderId);
      expect(deadLetter?.destination.name).toBe('orders.shipping.dlt');
      const { original, delivery: redriven } = redrivenFrom(deadLetter as OutgoingMessage, ORDERS);
      const { shipmentId, status } = await shipmentOf(orderId);
      expect(status).toBe('VOIDING');
      expectGolden(voidRequested, original, { orderId, shipmentId });
      // A cancellation that is asked for again raises no second dead letter.
      await service.deliver(cancelling(orderId));
      expect(voidsOf(orderId)).toHaveLength(1);
      carrier.voids.delete(orderId);
      await service.deliver(redriven, redriven);
      await announced(shipmentVoided, orderId);
      expect(voidsOf(orderId)).toHaveLength(2);

      const another = await booked();
      carrier.voids.set(another, () => Promise.reject(new PermanentError('It cannot be sent.')));
      await service.deliver(cancelling(another));
      await announced(voidRequested, another);
      const { shipmentId: anotherId } = await shipmentOf(another);
      await service.deliver(
        newDelivery(voidRequested, { orderId: another, shipmentId: anotherId, decision: 'give-up' }),
      );
      await announced(shipmentNotCancelled, another);
      expect((await shipmentOf(another)).status).toBe('BOOKED');
    });

    test.each<[string, CarrierDecision | undefined, EventContract]>([
      ['books, the label is voided', undefined, shipmentVoided],
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

  describe('a booking that fails by itself', () => {
    const LABEL = { carrier: 'Mock Parcel', carrierReference: 'SHP-1', trackingNumber: 'MP0000000001DE' };
    const POISONED = '<![CDATA[]]></x>]]>';
    const cancelling = (orderId: string) =>
      newDelivery(orderCancelling, { ...fixtureEvent(orderCancelling).data, orderId });
    const shipmentOf = async (orderId: string) =>
      (await http().get(`/shipments/${orderId}`).expect(200)).body;
    const poison = () => {
      const order = paid();
      return { ...order, shipTo: { ...order.shipTo, name: POISONED } };
    };
    const poisonFails = () => {
      carrier.decide = (item, nth) =>
        item.shipTo.name === POISONED
          ? Promise.reject(new PermanentError('It cannot be sent.'))
          : book(item, nth);
    };
    const parked = async () => {
      poisonFails();
      const order = poison();
      await service.deliver(newDelivery(paymentProcessed, order));
      const [deadLetter] = await announced(bookingRequested, order.orderId);
      return { orderId: order.orderId, deadLetter: deadLetter as OutgoingMessage };
    };

    test('is a dead letter; redriven with another address it is booked', async () => {
      const { orderId, deadLetter } = await parked();
      expect(deadLetter.destination.name).toBe('orders.shipping.dlt');
      expect((await shipmentOf(orderId)).status).toBe('REQUESTED');
      const data = JSON.parse(deadLetter.body.toString()) as DataOf<typeof bookingRequested>;
      const edited = { ...data, shipTo: { ...data.shipTo, name: 'Ada' } };
      await service.deliver(newDelivery(bookingRequested, edited), newDelivery(bookingRequested, edited));
      await announced(shipmentCreated, orderId);
      expect((await shipmentOf(orderId)).shipTo.name).toBe('Ada');
    });

    test('is given up: the carrier is asked first, and a label that it has is voided', async () => {
      for (const label of [undefined, LABEL]) {
        const { orderId, deadLetter } = await parked();
        if (label) carrier.labels.set(orderId, label);
        await service.dataSource.query(
          `UPDATE shipment SET asked_at = now() - interval '2 minutes' WHERE order_id = $1`,
          [orderId],
        );
        const data = JSON.parse(deadLetter.body.toString()) as DataOf<typeof bookingRequested>;
        await service.deliver(newDelivery(bookingRequested, { ...data, decision: 'give-up' }));
        const [message] = await announced(shipmentFailed, orderId);
        expect(JSON.parse(message!.body.toString())).toMatchObject({ code: 'GivenUp' });
        expect((await shipmentOf(orderId)).status).toBe(label ? 'VOIDED' : 'FAILED');
        expect(carrier.lookedUp).toContain(orderId);
        expect(carrier.voided.includes(orderId)).toBe(label !== undefined);
      }
    });

    test('can be cancelled while it is parked, whatever the carrier has', async () => {
      // Of a label that cannot be used nothing is known but that it is there.
      for (const label of [undefined, LABEL, {}]) {
        const { orderId } = await parked();
        if (label) carrier.labels.set(orderId, label);
        await service.dataSource.query(
          `UPDATE shipment SET asked_at = now() - interval '2 minutes' WHERE order_id = $1`,
          [orderId],
        );
        await service.deliver(cancelling(orderId));
        await announced(label ? shipmentVoided : shipmentCancelled, orderId);
        expect((await shipmentOf(orderId)).status).toBe(label ? 'VOIDED' : 'CANCELLED');
      }
    });

    test('that the carrier faults each time is cancelled at once: it is in no doubt', async () => {
      carrier.decide = () => Promise.reject(new RequestFaultedError('Malformed.'));
      const order = paid();
      await service.deliver(newDelivery(paymentProcessed, order));
      await announced(shipmentPostponed, order.orderId);
      await service.deliver(cancelling(order.orderId));
      await announced(shipmentCancelled, order.orderId);
    });

    test('does not hold up the others', async () => {
      poisonFails();
      const bad = Array.from({ length: 12 }, poison);
      const good = Array.from({ length: 12 }, () => paid());
      await service.deliver(...[...bad, ...good].map((order) => newDelivery(paymentProcessed, order)));
      for (const { orderId } of good) await announced(shipmentCreated, orderId);
      for (const { orderId } of bad) await announced(bookingRequested, orderId);
    });
  });

  describe('after an attempt without an answer', () => {
    const LABEL = { carrier: 'Mock Parcel', carrierReference: 'SHP-7', trackingNumber: 'MP7' };

    test('a label that the carrier has is adopted, whatever it says of the address then', async () => {
      const order = paid();
      carrier.labels.set(order.orderId, LABEL);
      carrier.decide = (_, nth) =>
        nth === 1
          ? Promise.reject(new Error('The connection broke.'))
          : Promise.resolve({ booked: false, code: 'InvalidAddress', reason: 'no' });
      await service.deliver(newDelivery(paymentProcessed, order));
      const [message] = await announced(shipmentCreated, order.orderId);
      expect(JSON.parse(message!.body.toString())).toMatchObject({ trackingNumber: 'MP7' });
    });

    test('a label that cannot be used is not adopted: the booking fails by itself', async () => {
      const order = paid();
      carrier.labels.set(order.orderId, {});
      carrier.decide = () => Promise.reject(new Error('no answer'));
      await service.deliver(newDelivery(paymentProcessed, order));
      await announced(shipmentPostponed, order.orderId);
      await service.dataSource.query(
        'UPDATE shipment SET item_failures = $2, due_at = now() WHERE order_id = $1',
        [order.orderId, MAX_ITEM_FAILURES - 1],
      );
      const [deadLetter] = await announced(bookingRequested, order.orderId);
      expect(deadLetter?.headers).toMatchObject({
        dlt_reason: 'The carrier has a shipment, but its label cannot be used.',
      });
    });

    test('a refusal is believed when the carrier has nothing', async () => {
      const order = paid();
      carrier.decide = (_, nth) =>
        nth === 1
          ? Promise.reject(new Error('The connection broke.'))
          : Promise.resolve({ booked: false, code: 'InvalidAddress', reason: 'no' });
      await service.deliver(newDelivery(paymentProcessed, order));
      await announced(shipmentFailed, order.orderId);
      expect(carrier.lookedUp.filter((id) => id === order.orderId).length).toBeGreaterThan(1);
    });
  });

  test('a shipment that the carrier has voided before never ships, and that is announced', async () => {
    carrier.decide = async (item, nth) => ({ ...(await book(item, nth)), voided: true }) as CarrierDecision;
    const order = paid();
    await service.deliver(newDelivery(paymentProcessed, order));
    await announced(shipmentVoided, order.orderId);
    await http().get(`/shipments/${order.orderId}/label`).expect(409);
    const told = service.kafka.messages.filter(({ key }) => key === order.orderId);
    expect(told.map(({ headers }) => headers['ce_type'])).toEqual([shipmentVoided.type]);
  });

  test('a tracking number that is stored, and no label can hold, is no label', async () => {
    const order = paid();
    await service.deliver(newDelivery(paymentProcessed, order));
    await announced(shipmentCreated, order.orderId);
    for (const number of ['M'.repeat(10_000), '', 'M"\r\nX: y']) {
      await service.dataSource.query('UPDATE shipment SET tracking_number = $2 WHERE order_id = $1', [
        order.orderId,
        number,
      ]);
      await http().get(`/shipments/${order.orderId}/label`).expect(409);
    }
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

  describe('reconciliation', () => {
    const LABEL = { carrier: 'Mock Parcel', carrierReference: 'SHP-9', trackingNumber: 'MP9' };
    const shipmentOf = async (orderId: string) =>
      (await http().get(`/shipments/${orderId}`).expect(200)).body;
    const report = (orderId: string, status: string | undefined) => {
      const { data } = fixtureEvent(orderStateReported);
      return newDelivery(orderStateReported, {
        orderId,
        order: status && data.order ? { ...data.order, status } : null,
      });
    };
    const unknown = (orderId: string, parcel?: 'none' | 'left') =>
      newDelivery(orderStateReported, { orderId, order: null, ...(parcel && { parcel }) });
    /** What was said of the parcel. */
    const fates = async (orderId: string, count = 1): Promise<string[]> => {
      for (;;) {
        const messages = await announced(shippingOrderStateRequested, orderId);
        const said = messages.flatMap(({ body }) => JSON.parse(body.toString()).parcel ?? []);
        if (said.length >= count) return said;
        await sleep(10);
      }
    };
    const letters = (orderId: string) =>
      service.kafka.messages.filter(({ key, headers }) => key === orderId && 'dlt_reason' in headers);
    const parked = async (orderId: string) => {
      while (letters(orderId).length === 0) await sleep(10);
      return letters(orderId);
    };
    const deliver = async (orderId: string) => {
      carrier.delivered.push({ orderId, deliveredAt: new Date() });
      await announced(shipmentDelivered, orderId);
    };
    const forgotten = () => {
      const orderId = uuid();
      carrier.labels.set(orderId, LABEL);
      return orderId;
    };
    const booked = async () => {
      const order = paid();
      await service.deliver(newDelivery(paymentProcessed, order));
      await announced(shipmentCreated, order.orderId);
      return order.orderId;
    };

    test('a label of which nothing is known is asked about, and adopted when its order goes on', async () => {
      const orderId = forgotten();
      carrier.listed = [{ ...LABEL, orderId }];
      await http().post('/reconcile').send({ all: true }).expect(202);
      await announced(shippingOrderStateRequested, orderId);
      await service.deliver(report(orderId, 'SHIPPED'));
      const [message] = await announced(shipmentCreated, orderId);
      expect(JSON.parse(message!.body.toString())).toMatchObject({ trackingNumber: 'MP9' });
      expect(carrier.of(orderId)).toEqual([]);
    });

    test('a label of an order that does not exist is voided, and nobody hears of it', async () => {
      const orderId = forgotten();
      await service.deliver(unknown(orderId));
      while ((await shipmentOf(orderId)).status !== 'VOIDED') await sleep(10);
      expect(carrier.voided).toContain(orderId);
      expect(await fates(orderId)).toEqual(['none']);
      await service.deliver(unknown(orderId, 'none'));
      expect(service.kafka.messages.filter(({ key }) => key === orderId)).toHaveLength(1);
    });

    test('an order that does not exist never had a label: that is answered, each time', async () => {
      const orderId = uuid();
      await service.deliver(unknown(orderId));
      expect(await fates(orderId)).toEqual(['none']);
      await service.deliver(unknown(orderId));
      expect(await fates(orderId, 2)).toEqual(['none', 'none']);
      expect(carrier.of(orderId)).toEqual([]);
    });

    test('a label that is good here, of an order that does not exist, is voided before that is answered', async () => {
      const orderId = await booked();
      await service.deliver(unknown(orderId));
      expect(await fates(orderId)).toEqual(['none']);
      expect(carrier.voided).toContain(orderId);
      expect(letters(orderId)).toEqual([]);
    });

    test.each(['refused', 'delivered'])(
      'a parcel of an order that does not exist, that cannot be kept back since it is %s: a person decides, once',
      async (why) => {
        const orderId = await booked();
        if (why === 'delivered') await deliver(orderId);
        else
          carrier.voids.set(orderId, () => {
            carrier.labels.set(orderId, LABEL);
            return Promise.resolve({ code: 'VoidRefused', reason: 'The parcel has left the depot.' });
          });
        await service.deliver(unknown(orderId));
        expect(await fates(orderId)).toEqual(['left']);
        await service.deliver(unknown(orderId, 'left'));
        await service.deliver(unknown(orderId, 'left'));
        const found = await parked(orderId);
        expect(found).toHaveLength(1);
        expect(found[0]?.headers['dlt_reason']).toContain('is unknown');
      },
    );

    test.each(['CANCELLED', 'REJECTED', 'FULFILMENT_FAILED'])(
      'a parcel that was delivered for an order that is %s: a person decides, once',
      async (status) => {
        const orderId = await booked();
        await deliver(orderId);
        await service.deliver(report(orderId, status));
        await service.deliver(report(orderId, status));
        expect(await parked(orderId)).toHaveLength(1);
        expect((await http().get('/reconcile')).body.counts).toMatchObject({ parked: expect.any(Number) });
      },
    );

    test.each(['SHIPPED', 'DELIVERED'])(
      'a forgotten label of an order that is %s, which the carrier no longer has, is not bought again unless redriven',
      async (status) => {
        const orderId = uuid();
        await service.deliver(report(orderId, status));
        const [letter] = await parked(orderId);
        expect(letter?.headers['dlt_reason']).toContain('no label');
        expect(carrier.of(orderId)).toEqual([]);
        await service.deliver(redrivenFrom(letter!, ORDERS).delivery);
        await announced(shipmentCreated, orderId);
      },
    );

    test.each(['SHIPPED', 'DELIVERED'])(
      'an order that is %s and has no label: a person decides',
      async (status) => {
        const orderId = uuid();
        await service.deliver(unknown(orderId));
        await fates(orderId);
        await service.deliver(report(orderId, status));
        expect((await parked(orderId))[0]?.headers['dlt_reason']).toContain(status);
      },
    );

    test.each([undefined, { ...LABEL, voided: true as const }])(
      'a label that the carrier does not know, or has voided: a person decides where its order ships',
      async (found) => {
        const [lost, over, fine] = [await booked(), await booked(), await booked()];
        for (const orderId of [lost, over]) {
          carrier.labels.delete(orderId);
          if (found) carrier.labels.set(orderId, found);
        }
        carrier.labels.set(fine, LABEL);
        await service.dataSource.query(`UPDATE shipment SET booked_at = now() - interval '1 hour'`);
        carrier.listed = [];
        await http().post('/reconcile').send({ all: true }).expect(202);
        for (const orderId of [lost, over]) await announced(shippingOrderStateRequested, orderId);
        await service.deliver(report(lost, 'SHIPPED'), report(over, 'CANCELLED'), report(fine, 'SHIPPED'));
        expect((await parked(lost))[0]?.headers['dlt_reason']).toContain(found ? 'void' : 'unknown');
        await announced(shipmentVoided, over);
        expect([letters(over), letters(fine)]).toEqual([[], []]);
      },
    );

    test('a label older than what is compared is not asked about', async () => {
      const orderId = await booked();
      carrier.labels.delete(orderId);
      await service.dataSource.query(
        `UPDATE shipment SET booked_at = now() - interval '91 days' WHERE order_id = $1`,
        [orderId],
      );
      carrier.listed = [];
      carrier.lookedUp.length = 0;
      await http().post('/reconcile').send({ all: false }).expect(202);
      await until(
        async () => (await http().get('/reconcile')).body,
        ({ status }) => status === 'finished',
      );
      expect(carrier.lookedUp).not.toContain(orderId);
    });

    test('an order that is SHIPPED hears again that its parcel was delivered', async () => {
      const orderId = await booked();
      await deliver(orderId);
      await service.deliver(report(orderId, 'SHIPPED'));
      while ((await announced(shipmentDelivered, orderId)).length < 2) await sleep(10);
    });

    test('a label of an order that is cancelled is voided; one of an order that is fine is not touched', async () => {
      const [cancelled, fine] = [await booked(), await booked()];
      await service.deliver(report(fine, 'SHIPPED'), report(cancelled, 'CANCELLED'));
      await announced(shipmentVoided, cancelled);
      expect((await shipmentOf(fine)).status).toBe('BOOKED');
      expect(carrier.voided).not.toContain(fine);
    });

    test('an order that has not heard of its shipment hears of it again', async () => {
      const orderId = await booked();
      await service.deliver(report(orderId, 'PAID'));
      while ((await announced(shipmentCreated, orderId)).length < 2) await sleep(10);
    });
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
