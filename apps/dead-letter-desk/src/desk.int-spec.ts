import {
  deadLetterDiscarded,
  deadLetterRaised,
  deadLetterRedriven,
  paymentProcessed,
} from '@orderbridge/contracts';
import { IbmMqError, type IncomingMessage } from '@orderbridge/ibm-mq';
import { v7 as uuid } from 'uuid';
import { expectGolden } from '../../../test/service/golden.js';
import { DeskUnderTest } from '../test-support/desk-under-test.js';
import { BOQ, messageOn } from '../test-support/fake-queues.js';
import { SettleOnQueue } from './settle-on-queue/settle-on-queue.js';

const mqError = (reason: number, inDoubt = false) =>
  new IbmMqError({ verb: 'MQCMIT', object: 'QM1', reason, symbol: `MQRC_${reason}`, inDoubt });

describe('dead-letter desk', () => {
  const desk = new DeskUnderTest();
  const { queues, http, look, add, published, kafkaLetter, queueLetter, letter, redrive, discard, sent } =
    desk;

  beforeAll(desk.start);
  afterAll(desk.close);

  test('a letter is shown decoded and raw, and told of once however often it is found', async () => {
    const { id, orderId, record, event } = await kafkaLetter({ raw: Buffer.from([0xff]) });
    await add(record);
    await add(record);
    const shown = await letter(id);
    expect(shown).toMatchObject({
      state: 'OPEN',
      broker: 'kafka',
      source: 'payments.shipping.dlt',
      origin: 'payments',
      position: '2@154',
      type: 'payment.processed',
      eventId: event.id,
      orderId,
      consumer: 'shipping',
      attempts: 1,
      payload: { orderId },
      headers: { raw: { base64: '/w==' } },
      audit: [],
    });
    expect(Buffer.from(shown.raw, 'base64')).toEqual(record.value);
    const [told, ...others] = await sent('dead-letters', orderId);
    expect(others).toEqual([]);
    expectGolden(deadLetterRaised, told, {
      deadLetterId: id,
      orderId,
      reason: `The body of ${orderId} is no JSON.`,
      raisedAt: shown.raisedAt,
    });
  });

  test('letters are found by source, type, part of the reason, order, time and state, page by page', async () => {
    const { id, orderId } = await kafkaLetter();
    const since = new Date(Date.now() - 60_000).toISOString();
    for (const filter of [
      { orderId },
      { orderId, source: 'payments.shipping.dlt', type: 'payment.processed', state: 'OPEN', from: since },
      { reason: `THE BODY OF ${orderId}` },
    ]) {
      const { body } = await http().get('/dead-letters').query(filter).expect(200);
      expect(body.letters.map((found: { id: string }) => found.id)).toEqual([id]);
    }
    for (const filter of [
      { source: 'x' },
      { type: 'x' },
      { state: 'GONE' },
      { to: since },
      { reason: '%' },
    ]) {
      const { body } = await http()
        .get('/dead-letters')
        .query({ orderId, ...filter })
        .expect(200);
      expect(body.letters).toEqual([]);
    }
    await kafkaLetter({ orderId });
    await kafkaLetter({ orderId });
    const first = (await http().get('/dead-letters').query({ orderId, limit: 2 })).body;
    const second = (await http().get('/dead-letters').query({ orderId, limit: 2, cursor: first.nextCursor }))
      .body;
    expect([first.letters.length, second.letters.length, second.nextCursor]).toEqual([2, 1, undefined]);
    await http().get('/dead-letters').query({ state: 'LOST' }).expect(400);
    await http()
      .get(`/dead-letters/${uuid()}`)
      .expect(404)
      .expect('content-type', /problem\+json/);
  });

  test('a Kafka letter is sent again to the byte, once, however many ask at the same time', async () => {
    const raw = Buffer.from([0xff, 0x00]);
    const { id, orderId, record, event } = await kafkaLetter({ raw });
    const answers = await Promise.all(Array.from({ length: 8 }, () => redrive(id)));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    await redrive(id).expect(200);
    const [message, ...others] = await sent('payments', orderId);
    expect(others).toEqual([]);
    expect(message?.body).toEqual(record.value);
    expect(message?.messageId).toBe(event.id);
    expect(message?.headers['ce_id']).toBe(event.id);
    expect(message?.headers['raw']).toEqual(raw);
    expect(Object.keys(message?.headers ?? {}).filter((name) => name.startsWith('dlt_'))).toEqual([]);
    const { state, operator, audit } = await letter(id);
    expect([state, operator]).toEqual(['REDRIVEN', 'ada']);
    expect(audit).toMatchObject([{ action: 'redriven', operator: 'ada' }]);
    expect(published(deadLetterRedriven.type, id)).toHaveLength(1);
    await discard(id).expect(409);
  });

  test('a key that is no text goes back as it was', async () => {
    const key = Buffer.from([0xff, 0x01]);
    const { id, event } = await kafkaLetter({ key });
    await redrive(id).expect(200);
    const message = await desk.service.kafka
      .until(paymentProcessed, 1)
      .then((all) => all.find(({ headers }) => headers['ce_id'] === event.id));
    expect(message?.keyBytes).toEqual(key);
  });

  test('an edit is sent when its contract takes it; the letter itself stays as it was', async () => {
    const { id, orderId, event, body } = await kafkaLetter({ body: Buffer.from('{"orderId":') });
    const payload = JSON.parse(body.toString());
    for (const [edit, pointer, detail] of [
      [{ payload: { orderId } }, '/payload/userId', /expected string/],
      [{ payload: { ...payload, orderId: uuid() } }, '/headers/ce_subject', /subject/],
      [{ payload, headers: { ce_type: 'no.such' } }, '/headers/ce_type', /no contract/],
      [{ payload, headers: { ce_type: null } }, '/headers/ce_type', /missing/],
      [{ payload, headers: { ce_id: uuid() } }, '/headers/ce_id', /keeps its id/],
      [{ payload, headers: { dlt_topic: 'x' } }, '/headers/dlt_topic', /dlt_/],
      [{ payload, headers: { ce_source: null } }, '/headers', /ce_source/],
    ] as const) {
      const answer = await redrive(id, edit).expect(422);
      expect(answer.body.errors).toContainEqual({ pointer, detail: expect.stringMatching(detail) });
    }
    expect((await letter(id)).state).toBe('OPEN');
    await redrive(id, { payload, headers: { note: 'mended' } }).expect(200);
    const [message] = await sent('payments', orderId);
    expect(JSON.parse(message?.body.toString() ?? '')).toEqual(payload);
    expect(message?.headers).toMatchObject({ ce_id: event.id, note: 'mended' });
    const shown = await letter(id);
    expect(Buffer.from(shown.raw, 'base64').toString()).toBe('{"orderId":');
    expect(shown.edit).toEqual({ payload, headers: { note: 'mended' } });
    expect(shown.audit).toMatchObject([{ action: 'redriven', detail: { headers: { note: 'mended' } } }]);
    await redrive(id, { payload, headers: { note: 'mended' } }).expect(200);
    await redrive(id, { payload: {} }).expect(409);
    expect(await sent('payments', orderId)).toHaveLength(1);
  });

  test('who asks has to be said; a discard needs a reason', async () => {
    const { id } = await kafkaLetter();
    await http().post(`/dead-letters/${id}/redrive`).send({}).expect(400);
    await http().post(`/dead-letters/${id}/discard`).set('X-Operator', 'ada').send({}).expect(400);
    await http()
      .post(`/dead-letters/${id}/discard`)
      .set('X-Operator', 'ada')
      .send({ reason: ' ' })
      .expect(400);
    await http().post(`/dead-letters/${id}/discard`).send({ reason: 'x', operator: 'bob' }).expect(200);
    expect((await letter(id)).operator).toBe('bob');
  });

  test('a letter that is discarded is given up once, with its first reason', async () => {
    const { id, orderId } = await kafkaLetter();
    await discard(id, 'a test of ours').expect(200);
    const { body } = await discard(id, 'another').expect(200);
    expect(body).toMatchObject({ state: 'DISCARDED', discardReason: 'a test of ours', operator: 'ada' });
    await redrive(id).expect(409);
    const [told] = published(deadLetterDiscarded.type, id);
    expectGolden(deadLetterDiscarded, told, { deadLetterId: id, orderId, reason: 'a test of ours' });
    const trail = (await http().get('/audit').query({ letterId: id }).expect(200)).body;
    expect(trail.entries).toMatchObject([
      { action: 'discarded', operator: 'ada', detail: { reason: 'a test of ours' } },
    ]);
  });

  test('several are sent again by id or by filter, and what is refused holds up no other', async () => {
    const orderId = uuid();
    const [a, b, c] = [
      await kafkaLetter({ orderId }),
      await kafkaLetter({ orderId }),
      await kafkaLetter({ orderId }),
    ];
    await discard(b.id);
    const several = (body: object) =>
      http().post('/dead-letters/redrive').set('X-Operator', 'ada').send(body);
    const { body } = await several({ ids: [a.id, b.id, a.id, orderId] }).expect(200);
    expect(body.results).toMatchObject([
      { id: a.id, outcome: 'redriven' },
      { id: b.id, outcome: 'refused', detail: expect.stringContaining('DISCARDED') },
      { id: orderId, outcome: 'refused', detail: expect.stringContaining('no dead letter') },
    ]);
    const all = (await several({ filter: { orderId } }).expect(200)).body;
    expect(all).toEqual({ results: [{ id: c.id, outcome: 'redriven', state: 'REDRIVEN' }], remaining: 0 });
    expect((await several({ filter: { orderId } }).expect(200)).body).toEqual({ results: [], remaining: 0 });
    expect(await sent('payments', orderId, 2)).toHaveLength(2);
    await several({}).expect(400);
    await several({ ids: [a.id], filter: {} }).expect(400);
  });

  describe('on a backout queue', () => {
    test('a letter is moved back once, however many ask', async () => {
      const { id, messageId } = await queueLetter();
      expect(await letter(id)).toMatchObject({ state: 'OPEN', source: BOQ, origin: 'INVENTORY.EVENTS' });
      const answers = await Promise.all(Array.from({ length: 5 }, () => redrive(id)));
      expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200));
      expect((await letter(id)).state).toBe('REDRIVEN');
      const moves = queues.moved.filter((move) => move.messageId === messageId);
      expect(moves).toHaveLength(1);
      expect(moves[0]?.target).toBe('INVENTORY.EVENTS');
      expect(['dlt_id', 'ce_id'].map((name) => moves[0]?.changes.drops?.(name))).toEqual([true, false]);
      expect((await letter(id)).audit.map(({ action }: { action: string }) => action)).toEqual([
        'redriven',
        'redrive-asked',
      ]);
      expect(published(deadLetterRedriven.type, id)).toHaveLength(1);
    });

    test('a letter that somebody else has moved is gone, and is never sent', async () => {
      const { id } = await queueLetter();
      queues.messages.length = 0;
      const { body } = await redrive(id).expect(409);
      expect([body.state, body.detail]).toEqual(['GONE', expect.stringContaining('Somebody else')]);
      const other = await queueLetter();
      queues.messages.length = 0;
      await look();
      expect((await letter(other.id)).state).toBe('OPEN');
      await look();
      expect((await letter(other.id)).state).toBe('GONE');
      await redrive(other.id).expect(409);
      await discard(other.id).expect(409);
    });

    test('a letter that is on its queue again is open again', async () => {
      const { id } = await queueLetter();
      const [message] = queues.messages.splice(0);
      await look();
      await look();
      queues.messages.push(message as IncomingMessage);
      await look();
      expect(await letter(id)).toMatchObject({
        state: 'OPEN',
        audit: [{ action: 'returned' }, { action: 'gone' }],
      });
      await redrive(id).expect(200);
    });

    test('a letter that comes back with another message id is moved by that', async () => {
      const { id } = await queueLetter();
      const [message] = queues.messages.splice(0);
      const messageId = uuid().replaceAll('-', '').padEnd(48, '0');
      const properties = message?.headers as Record<string, string>;
      queues.messages.push(messageOn(BOQ, messageId, properties, 'no json'));
      await look();
      await redrive(id).expect(200);
      expect(queues.moved.filter((move) => move.messageId === messageId)).toHaveLength(1);
      expect((await letter(id)).state).toBe('REDRIVEN');
    });

    test('when the desk dies after the unit of work, it is not done again', async () => {
      const { id, messageId } = await queueLetter();
      queues.fault = { error: mqError(2009, true), after: true };
      await redrive(id).expect(503);
      expect((await letter(id)).state).toBe('REDRIVING');
      await look();
      expect((await letter(id)).state).toBe('REDRIVEN');
      expect(queues.moved.filter((move) => move.messageId === messageId)).toHaveLength(1);
    });

    test('when the desk dies before the unit of work, it is done later', async () => {
      const { id, messageId } = await queueLetter();
      queues.fault = { error: mqError(2009), after: false };
      await redrive(id).expect(503);
      await look();
      expect((await letter(id)).state).toBe('REDRIVEN');
      expect(queues.moved.filter((move) => move.messageId === messageId)).toHaveLength(1);
    });

    test('what was believed moved and is still there is moved', async () => {
      const { id, messageId } = await queueLetter();
      const [message] = queues.messages;
      queues.fault = { error: mqError(2009, true), after: true };
      await redrive(id).expect(503);
      await desk.service.app.get(SettleOnQueue).finish(id);
      // The queue manager backs out a unit of work whose program has died.
      queues.messages.push(message as IncomingMessage);
      queues.moved.length = 0;
      await look();
      await look();
      expect((await letter(id)).state).toBe('REDRIVEN');
      expect(queues.moved.map((move) => move.messageId)).toEqual([messageId]);
    });

    test('a queue that does not take it leaves it open', async () => {
      const { id } = await queueLetter();
      queues.fault = { error: mqError(2053), after: false };
      const { body } = await redrive(id).expect(409);
      expect(body.detail).toContain('2053');
      expect(await letter(id)).toMatchObject({ state: 'OPEN', audit: [{ action: 'redrive-failed' }, {}] });
      await redrive(id).expect(200);
    });

    test('a letter that is discarded is taken from the queue', async () => {
      const { id, messageId } = await queueLetter();
      await discard(id, 'not ours').expect(200);
      expect((await letter(id)).state).toBe('DISCARDED');
      expect(queues.messages.filter((message) => message.messageId === messageId)).toEqual([]);
      expect(queues.moved.filter((move) => move.messageId === messageId)).toEqual([]);
    });

    test('messages with one id are different letters', async () => {
      const first = await queueLetter();
      const second = uuid();
      queues.messages.push(messageOn(BOQ, first.messageId, { ce_id: first.id, dlt_id: second }, 'no json'));
      await look();
      await redrive(second).expect(200);
      expect((await letter(first.id)).state).toBe('OPEN');
      expect(queues.messages.map(({ headers }) => headers['dlt_id'])).toContain(first.id);
    });
  });

  test('metrics tell how many letters of each source are open, and the age of the oldest', async () => {
    await kafkaLetter();
    const { text } = await http().get('/metrics').expect(200);
    expect(text).toMatch(/^dead_letters_open\{broker="kafka",source="payments.shipping.dlt"\} [1-9]/m);
    expect(text).toMatch(/^dead_letters_oldest_seconds\{broker="kafka",source="payments.shipping.dlt"\} \d/m);
  });
});
