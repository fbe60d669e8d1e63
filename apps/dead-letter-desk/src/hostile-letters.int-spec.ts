import { deadLetterRaised } from '@orderbridge/contracts';
import { v7 as uuid } from 'uuid';
import { DeskUnderTest } from '../test-support/desk-under-test.js';
import { BOQ, messageOn } from '../test-support/fake-queues.js';
import { IndexLetters } from './index-letters/index-letters.js';
import { letterOf } from './index-letters/kafka-letters.js';

const FORBIDDEN = {
  NUL: 'a\u0000b',
  escape: 'a\u001bb',
  'lone surrogate': 'a\ud800b',
  'non-character': 'a\uffffb',
};

describe('what a stranger or an operator writes', () => {
  const desk = new DeskUnderTest();
  const { queues, http, look, add, kafkaLetter, queueLetter, letter, ask, redrive, discard, sent } = desk;

  beforeAll(desk.start);
  afterAll(desk.close);

  const pointersOf = async (test: ReturnType<typeof ask>): Promise<string[]> => {
    const { body } = await test.expect(400);
    return body.errors.map(({ pointer }: { pointer: string }) => pointer);
  };

  describe.each(Object.entries(FORBIDDEN))('%s', (_, text) => {
    test('is refused in each field of a request, naming it, and nothing is changed', async () => {
      const { id, body } = await kafkaLetter();
      const payload = JSON.parse(body.toString());
      const shipTo = { ...payload.shipTo, name: text };
      expect(await pointersOf(redrive(id, { payload: { ...payload, shipTo } }))).toEqual([
        '/payload/shipTo/name',
      ]);
      expect(await pointersOf(redrive(id, { payload: { ...payload, [text]: 1 } }))).toHaveLength(1);
      expect(await pointersOf(redrive(id, { payload, headers: { note: text } }))).toContain('/headers/note');
      expect(await pointersOf(redrive(id, { operator: text }))).toContain('/operator');
      expect(await pointersOf(discard(id, text))).toContain('/reason');
      expect(await pointersOf(ask(`${id}/give-up`, { reason: text }))).toContain('/reason');
      expect(await pointersOf(ask('redrive', { filter: { source: text } }))).toEqual(['/filter/source']);
      expect(await pointersOf(ask('redrive', { filter: { type: text } }))).toEqual(['/filter/type']);
      expect(await pointersOf(ask('give-up', { reason: 'x', filter: { reason: text } }))).toEqual([
        '/filter/reason',
      ]);
      expect(await letter(id)).toMatchObject({ state: 'OPEN', audit: [] });
    });
  });

  test.each(['source', 'type', 'reason'])('a filter by %s with a NUL is refused', async (name) => {
    await http().get(`/dead-letters?${name}=a%00b`).expect(400);
    await http().get('/audit?operator=a%00b').expect(400);
  });

  test('a body that is too deep is refused in an edit, and shown as bytes', async () => {
    const deep = '['.repeat(20_000) + ']'.repeat(20_000);
    const { id } = await kafkaLetter({ body: Buffer.from(deep) });
    const shown = await letter(id);
    expect([shown.payload, Buffer.from(shown.raw, 'base64').toString()]).toEqual([undefined, deep]);
    const edit = http().post(`/dead-letters/${id}/redrive`).set('X-Operator', 'ada').type('json');
    await edit.send(`{"payload":${deep}}`).expect(400);
    expect((await letter(id)).state).toBe('OPEN');
  });

  test('a header that MQ cannot hold is refused before anything is begun', async () => {
    const { id } = await queueLetter();
    expect(await pointersOf(redrive(id, { headers: { note: 'a\tb' } }))).toEqual(['/headers/note']);
    expect(await letter(id)).toMatchObject({ state: 'OPEN', audit: [] });
  });

  test('a letter that an earlier version has begun and cannot finish is open again and holds up no other', async () => {
    const stuck = await queueLetter();
    const other = await queueLetter();
    const edit = JSON.stringify({ headers: { note: 'a\u0001b' } });
    await desk.service.dataSource.query(
      `UPDATE letter SET state = 'REDRIVING', edit = $2, changed_at = now() - interval '1 s' WHERE id = ANY($1)`,
      [[stuck.id], edit],
    );
    await desk.service.dataSource.query(
      `UPDATE letter SET state = 'REDRIVING', changed_at = now() - interval '1 s' WHERE id = $1`,
      [other.id],
    );
    await look();
    expect(await letter(stuck.id)).toMatchObject({ state: 'OPEN', audit: [{ action: 'redrive-failed' }] });
    expect((await letter(other.id)).state).toBe('REDRIVEN');
    await redrive(stuck.id).expect(200);
  });

  test.each(['no topic name!', 'inventory', '', '..', 'pay'])(
    'a letter that says it came from "%s" goes back to the topic that its own topic names',
    async (topic) => {
      const { id, orderId } = await kafkaLetter({ headers: { dlt_topic: topic } });
      expect((await letter(id)).origin).toBe('payments');
      await redrive(id).expect(200);
      expect(await sent('payments', orderId)).toHaveLength(1);
    },
  );

  test('a group may have dots in its name', async () => {
    const { id } = await kafkaLetter({ topic: 'payments.my.group.dlt', headers: { dlt_topic: 'payments' } });
    expect((await letter(id)).origin).toBe('payments');
  });

  test('a letter of a topic that does not exist is refused, and that no one knows yet is said', async () => {
    const { id } = await kafkaLetter({ topic: 'gone.shipping.dlt', headers: { dlt_topic: 'gone' } });
    const { body } = await redrive(id).expect(409);
    expect(body.detail).toMatch(/gone, which does not exist/);
    desk.kafkaFault = new Error('Connection error');
    const unknown = await redrive(id).expect(503);
    expect(unknown.headers['retry-after']).toBe('5');
    desk.kafkaFault = undefined;
    expect(await letter(id)).toMatchObject({ state: 'OPEN', audit: [] });
    desk.topics.add('gone');
    await redrive(id).expect(200);
  });

  test.each([
    ['of another era', { headers: { dlt_last_time: '-000001-01-01T00:00:00Z' } }],
    [
      'of the far future',
      { headers: { dlt_last_time: '+057971-01-01T00:00:00Z', dlt_first_time: '+057971-01-01T00:00:00Z' } },
    ],
    ['in microseconds', { headers: { dlt_last_time: undefined }, writtenAt: new Date(Date.now() * 1_000) }],
    ['that is none', { headers: { dlt_last_time: undefined }, writtenAt: new Date(Number.NaN) }],
  ])('a date %s hides no letter', async (_, parts) => {
    const { id, orderId } = await kafkaLetter(parts);
    const { raisedAt } = await letter(id);
    expect(Math.abs(Date.parse(raisedAt) - Date.now())).toBeLessThan(3_600_000);
    expect((await sent('dead-letters', orderId)).map(({ headers }) => headers['ce_type'])).toEqual([
      deadLetterRaised.type,
    ]);
  });

  test('one that cannot be stored as it is hides none of those that come with it', async () => {
    const records = [];
    for (let count = 0; count < 3; count++) records.push((await kafkaLetter()).record);
    const [before, wrong, after] = records.map((record) =>
      letterOf({ ...record, headers: { ...record.headers, dlt_id: uuid() } }),
    );
    const unstorable = { ...wrong!, raisedAt: new Date(Number.NaN) };
    const ids = await desk.service.app.get(IndexLetters).add([before!, unstorable, after!]);
    expect(ids).toEqual([before!.id, wrong!.id, after!.id]);
    for (const id of ids) expect((await letter(id)).state).toBe('OPEN');
    expect(await letter(wrong!.id)).toMatchObject({
      reason: expect.stringMatching(/cannot store/),
      raw: wrong!.body.toString('base64'),
    });
  });

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'a property named %s is a property like others',
    async (name) => {
      const { id } = await queueLetter(Object.fromEntries([[name, 'x']]));
      const shown = await http().get(`/dead-letters/${id}`).expect(200);
      expect(shown.text).toContain(`"${name}":"x"`);
    },
  );

  test('a record at a place that had another before is a letter of its own', async () => {
    const { record } = await kafkaLetter({ headers: { dlt_id: undefined } });
    const orderId = uuid();
    const other = {
      ...record,
      headers: { ...record.headers, ce_subject: orderId },
      value: Buffer.from('other'),
    };
    await add(other);
    await add(other);
    await add(record);
    const { body } = await http().get('/dead-letters').query({ orderId });
    expect(body.letters).toHaveLength(1);
    const [{ id }] = body.letters;
    expect(Buffer.from((await letter(id)).raw, 'base64').toString()).toBe('other');
    await redrive(id).expect(200);
    expect((await sent('payments', record.key!.toString()))[0]?.body.toString()).toBe('other');
  });

  test('a message on a queue with the id of another is a letter of its own, and the right one is moved', async () => {
    const { id, messageId, message } = await queueLetter();
    const headers = { ce_id: id, ce_type: 'inventory.reserved', dlt_id: id, dlt_reason: 'forged' };
    queues.messages.unshift(messageOn(BOQ, messageId, headers, 'other'));
    await look();
    await look();
    const { body } = await http().get('/dead-letters').query({ reason: 'forged' });
    expect(body.letters).toHaveLength(1);
    await redrive(id).expect(200);
    expect(queues.messages).not.toContain(message);
    await redrive(body.letters[0].id).expect(200);
    expect(queues.messages.filter((one) => one.messageId === messageId)).toEqual([]);
    await look();
    expect([(await letter(id)).state, (await letter(body.letters[0].id)).state]).toEqual([
      'REDRIVEN',
      'REDRIVEN',
    ]);
  });

  test('a database that is unavailable is 503 with Retry-After', async () => {
    const { id } = await kafkaLetter();
    const { dataSource } = desk.service;
    const broken = Object.assign(new Error('the database system is starting up'), { code: '57P03' });
    const recover = failStatements(dataSource, broken);
    try {
      for (const test of [http().get('/dead-letters'), redrive(id), discard(id), http().get('/audit')]) {
        const answer = await test.expect(503);
        expect(answer.headers['retry-after']).toBe('5');
      }
    } finally {
      recover();
    }
    expect((await letter(id)).state).toBe('OPEN');
  });
});

/** Lets every statement fail as while the database starts; returns what ends that. */
function failStatements(
  dataSource: { createQueryRunner: (...mode: never[]) => object },
  error: Error,
): () => void {
  const original = dataSource.createQueryRunner;
  dataSource.createQueryRunner = (...mode) => {
    const runner = original.apply(dataSource, mode);
    return Object.assign(runner, {
      connect: () => Promise.reject(error),
      query: () => Promise.reject(error),
    });
  };
  return () => {
    dataSource.createQueryRunner = original;
  };
}
