import {
  bookingRequested,
  chargeRequested,
  deadLetterRedriven,
  refundRequested,
  voidRequested,
  type EventContract,
} from '@orderbridge/contracts';
import { v7 as uuid } from 'uuid';
import { DeskUnderTest } from '../../test-support/desk-under-test.js';

describe('a parked call at the desk', () => {
  const desk = new DeskUnderTest();
  const {
    http,
    published,
    kafkaLetter,
    queueLetter,
    parkedCall,
    letter,
    ask,
    redrive,
    giveUp,
    discard,
    sent,
  } = desk;

  beforeAll(desk.start);
  afterAll(desk.close);

  test.each<EventContract<{ orderId: string }>>([
    chargeRequested,
    bookingRequested,
    refundRequested,
    voidRequested,
  ])('$type is given up once, with a reason, by the service that parked it', async (contract) => {
    const { id, orderId, event, data } = await parkedCall(contract);
    await ask(`${id}/give-up`, {}).expect(400);
    await http().post(`/dead-letters/${id}/give-up`).send({ reason: 'no one' }).expect(400);
    const answers = await Promise.all([1, 2, 3].map((n) => giveUp(id, `reason ${n}`)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const [message, ...others] = await sent('orders', orderId);
    expect(others).toEqual([]);
    expect(JSON.parse(message?.body.toString() ?? '')).toEqual({ ...data, decision: 'give-up' });
    expect(message?.headers).toMatchObject({ ce_id: event.id, ce_type: contract.type });
    const shown = await letter(id);
    expect(shown).toMatchObject({
      state: 'GIVEN_UP',
      operator: 'ada',
      giveUpReason: expect.stringMatching(/^reason \d$/),
      payload: data,
      audit: [{ action: 'given-up', operator: 'ada', detail: { reason: shown.giveUpReason } }],
    });
    const [announced, ...more] = published(deadLetterRedriven.type, id);
    expect(more).toEqual([]);
    expect(JSON.parse(announced?.body.toString() ?? '')).toMatchObject({
      orderId,
      operator: 'ada',
      edited: false,
      decision: 'give-up',
      reason: shown.giveUpReason,
    });
    for (const late of [redrive(id), discard(id)])
      expect((await late.expect(409)).body.state).toBe('GIVEN_UP');
    expect(
      (await http().get('/dead-letters').query({ orderId, state: 'GIVEN_UP' })).body.letters,
    ).toHaveLength(1);
  });

  test('that is none is refused, and nothing is changed', async () => {
    const onKafka = await kafkaLetter();
    const onQueue = await queueLetter();
    for (const { id } of [onKafka, onQueue]) {
      const { body } = await giveUp(id).expect(409);
      expect(body).toMatchObject({ title: 'No parked call', detail: expect.stringContaining('discard') });
      expect(await letter(id)).toMatchObject({ state: 'OPEN', audit: [] });
    }
    await giveUp(uuid()).expect(404);
  });

  test('that cannot be read is refused, naming the field', async () => {
    const broken = await parkedCall(chargeRequested, {}, { body: Buffer.from('{"orderId":"x"}') });
    const none = await parkedCall(chargeRequested, {}, { body: Buffer.from('no json') });
    expect((await giveUp(broken.id).expect(422)).body.errors).toContainEqual(
      expect.objectContaining({ pointer: '/payload/amount' }),
    );
    expect((await giveUp(none.id).expect(422)).body.errors).toMatchObject([{ pointer: '/payload' }]);
    expect((await letter(broken.id)).state).toBe('OPEN');
    await redrive(none.id).expect(200);
    await giveUp(none.id).expect(409);
  });

  test('is retried with what an operator may change, and with nothing else', async () => {
    const charge = await parkedCall(chargeRequested);
    const booking = await parkedCall(bookingRequested);
    const refund = await parkedCall(refundRequested);
    const { shipTo } = booking.data;
    for (const [id, payload, pointer] of [
      [charge.id, { ...charge.data, amount: 1 }, '/payload/amount'],
      [charge.id, { ...charge.data, paymentToken: '' }, '/payload/paymentToken'],
      [charge.id, { ...charge.data, paymentToken: 'x'.repeat(101) }, '/payload/paymentToken'],
      [charge.id, { ...charge.data, orderId: uuid() }, '/payload/orderId'],
      [charge.id, { ...charge.data, tokem: 'tok_approve' }, '/payload/tokem'],
      [charge.id, { ...charge.data, decision: 'give-up' }, '/payload/decision'],
      [booking.id, { ...booking.data, pieces: 7 }, '/payload/pieces'],
      [
        booking.id,
        { ...booking.data, shipTo: { ...shipTo, country: 'Deutschland' } },
        '/payload/shipTo/country',
      ],
      [booking.id, { ...booking.data, shipTo: { ...shipTo, name: undefined } }, '/payload/shipTo/name'],
      [refund.id, { ...refund.data, amount: 1 }, '/payload/amount'],
    ] as const) {
      const { body } = await redrive(id, { payload }).expect(422);
      expect([pointer, body.errors]).toEqual([pointer, [{ pointer, detail: expect.any(String) }]]);
    }
    const other = await redrive(charge.id, { headers: { ce_type: refundRequested.type } }).expect(422);
    expect(other.body.errors[0].pointer).toBe('/headers/ce_type');
    for (const [{ id, orderId }, payload] of [
      [charge, { ...charge.data, paymentToken: 'tok_other' }],
      [booking, { ...booking.data, shipTo: { ...shipTo, street: '2 Market Street' } }],
    ] as const) {
      expect((await letter(id)).state).toBe('OPEN');
      await redrive(id, { payload }).expect(200);
      expect(JSON.parse((await sent('orders', orderId))[0]?.body.toString() ?? '')).toEqual(payload);
    }
    await redrive(refund.id).expect(200);
    expect((await sent('orders', refund.orderId))[0]?.body).toEqual(refund.body);
  });

  test('several are given up by id or by filter, which means parked calls alone', async () => {
    const orderId = uuid();
    const others = await kafkaLetter({ orderId });
    const charge = await parkedCall(chargeRequested, {}, { orderId });
    const booking = await parkedCall(bookingRequested, {}, { orderId });
    const broken = await parkedCall(voidRequested, {}, { orderId, body: Buffer.from('{}') });
    const refund = await parkedCall(refundRequested, {}, { orderId });
    const several = (body: object) => ask('give-up', { reason: 'closed', ...body });
    const byId = (await several({ ids: [others.id, charge.id, charge.id] }).expect(200)).body;
    expect(byId.results).toMatchObject([
      { id: others.id, outcome: 'refused', detail: expect.stringContaining('discard') },
      { id: charge.id, outcome: 'given-up', state: 'GIVEN_UP' },
    ]);
    const byFilter = (await several({ filter: { orderId } }).expect(200)).body;
    expect(byFilter).toMatchObject({
      results: [
        { id: booking.id, outcome: 'given-up' },
        { id: broken.id, outcome: 'refused' },
        { id: refund.id, outcome: 'given-up' },
      ],
      remaining: 1,
    });
    expect((await several({ filter: { orderId, type: booking.event.type } })).body.results).toEqual([]);
    expect((await letter(others.id)).state).toBe('OPEN');
    await several({}).expect(400);
    await ask('give-up', { ids: [charge.id] }).expect(400);
  });

  test('what is refused keeps none of those behind it from being reached, page by page', async () => {
    const orderId = uuid();
    for (let count = 0; count < 3; count++)
      await parkedCall(voidRequested, {}, { orderId, body: Buffer.from('{}') });
    const { id } = await parkedCall(voidRequested, {}, { orderId });
    const page = (cursor?: string) =>
      ask('give-up', { reason: 'closed', filter: { orderId }, limit: 2, ...(cursor && { cursor }) });
    const first = (await page().expect(200)).body;
    expect(first.results.map(({ outcome }: { outcome: string }) => outcome)).toEqual(['refused', 'refused']);
    const second = (await page(first.nextCursor).expect(200)).body;
    expect(second.results).toMatchObject([{ outcome: 'refused' }, { id, outcome: 'given-up' }]);
    expect([second.remaining, second.nextCursor]).toEqual([3, undefined]);
  });
});
