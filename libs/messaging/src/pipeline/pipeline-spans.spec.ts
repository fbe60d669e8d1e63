import {
  causedBy,
  createEvent,
  defineEvent,
  encodeEvent,
  queue,
  topic,
  type CloudEvent,
} from '@orderbridge/contracts';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { RecordedSpans, traceparentOf } from '../../../../test/tracing/recorded-spans.js';
import type { OutgoingMessage } from '../outbox/outgoing-message.js';
import { PermanentError } from '../retry/errors.js';
import type { MessageStore } from '../store/message-store.js';
import { UnitsOfWork } from '../unit-of-work/units-of-work.js';
import type { Delivery } from './delivery.js';
import type { EventContext } from './event-context.js';
import { Pipeline } from './pipeline.js';

const schema = z.object({ orderId: z.string() });
const asked = defineEvent({ type: 'asked', version: 1, destinations: [queue('ASKED')], schema });
const answered = defineEvent({ type: 'answered', version: 1, destinations: [topic('answers')], schema });

/** A store that knows what was claimed and keeps what was sent; a transaction that fails leaves nothing. */
class StoreInMemory {
  readonly sent: OutgoingMessage[] = [];
  readonly #claimed = new Set<string>();

  async transaction<Result>(work: (manager: EntityManager) => Promise<Result>): Promise<Result> {
    const before = new Set(this.#claimed);
    try {
      return await work({} as EntityManager);
    } catch (error) {
      this.#claimed.clear();
      for (const id of before) this.#claimed.add(id);
      throw error;
    }
  }

  claim(_manager: EntityManager, _consumer: string, ids: readonly string[]): Promise<Set<string>> {
    const fresh = new Set(ids.filter((id) => !this.#claimed.has(id)));
    for (const id of fresh) this.#claimed.add(id);
    return Promise.resolve(fresh);
  }

  append(_manager: EntityManager, messages: readonly OutgoingMessage[]): Promise<void> {
    this.sent.push(...messages);
    return Promise.resolve();
  }
}

let position = 0;

/** A delivery in a trace of its own, whose number is the order's. */
function delivery(order: number): Delivery {
  const traceparent = `00-${`${order}`.repeat(32)}-b7ad6b7169203331-01`;
  const cause = { correlationId: 'c', traceparent };
  const event = createEvent(asked, '/test', { orderId: `order-${order}` }, cause);
  const { headers, body } = encodeEvent(asked, event);
  return {
    source: queue('ASKED'),
    origin: `test@${position++}`,
    key: event.subject,
    headers,
    body: Buffer.from(body),
  };
}

describe('spans of a pipeline', () => {
  let spans: RecordedSpans;
  let store: StoreInMemory;
  let pipeline: Pipeline;
  let fail: (orderId: string) => Error | undefined;

  beforeAll(() => {
    spans = new RecordedSpans();
  });
  beforeEach(() => {
    spans.forget();
    fail = () => undefined;
    store = new StoreInMemory();
    pipeline = new Pipeline({
      consumer: 'answerer',
      unitsOfWork: new UnitsOfWork(store as unknown as MessageStore, '/test'),
      observer: { committed: () => undefined, retrying: () => undefined, rejected: () => undefined },
      clock: { now: () => 0, sleep: () => Promise.resolve(), after: () => () => undefined },
      routes: new Map([['asked', { contract: asked, group: Symbol('asked'), handle: answer }]]),
    });
  });
  afterAll(() => spans.close());

  function answer(events: readonly CloudEvent[], { unitOfWork }: EventContext): Promise<void> {
    for (const event of events as readonly CloudEvent<{ orderId: string }>[]) {
      const error = fail(event.data.orderId);
      if (error) return Promise.reject(error);
      unitOfWork.send(answered, event.data, causedBy(event));
    }
    return Promise.resolve();
  }

  const ofOrder = (order: number) => {
    const found = spans.all.filter(
      ({ attributes }) => attributes['orderbridge.order.id'] === `order-${order}`,
    );
    expect(found).toHaveLength(1);
    return found[0] as (typeof found)[0];
  };

  test('each event of a batch goes on in its own trace, and so does what its handling sends', async () => {
    await pipeline.process([delivery(1), delivery(2)]);
    for (const [index, order] of [1, 2].entries()) {
      const span = ofOrder(order);
      expect(span).toMatchObject({
        name: 'process asked',
        parentSpanContext: { traceId: `${order}`.repeat(32), spanId: 'b7ad6b7169203331' },
        attributes: {
          'messaging.system': 'ibmmq',
          'messaging.destination.name': 'ASKED',
          'messaging.consumer.group.name': 'answerer',
        },
        events: [],
      });
      expect(store.sent[index]?.headers).toMatchObject({ traceparent: traceparentOf(span) });
    }
  });

  test('what is delivered again is told apart', async () => {
    const again = delivery(3);
    await pipeline.process([again]);
    await pipeline.process([again]);
    expect(spans.all.map(({ attributes }) => attributes['orderbridge.duplicate'])).toEqual([undefined, true]);
    expect(store.sent).toHaveLength(1);
  });

  test('failed tries are seen, of the batch and alone; only what is rejected has failed', async () => {
    fail = (orderId) => (orderId === 'order-5' ? new PermanentError('no') : undefined);
    const outcomes = await pipeline.process([delivery(4), delivery(5)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['settled', 'rejected']);
    expect(ofOrder(4)).toMatchObject({ attributes: { 'orderbridge.failures': 1 }, status: { code: 0 } });
    expect(ofOrder(4).events).toHaveLength(1);
    expect(ofOrder(5)).toMatchObject({
      attributes: { 'orderbridge.failures': 2, 'error.type': 'PermanentError' },
      status: { code: 2 },
    });
    expect(ofOrder(5).events.length).toBeGreaterThan(0);
  });

  test('a message that is no event of its contract has failed', async () => {
    const [outcome] = await pipeline.process([{ ...delivery(6), body: Buffer.from('no JSON') }]);
    expect(outcome?.status).toBe('rejected');
    expect(ofOrder(6)).toMatchObject({
      attributes: { 'error.type': 'InvalidEventError' },
      status: { code: 2 },
    });
  });

  test('what a stop leaves with the broker has ended, too', async () => {
    await pipeline.stop();
    await expect(pipeline.process([delivery(7)])).rejects.toThrow('stopping');
    expect(ofOrder(7)).toMatchObject({ attributes: { 'error.type': 'PipelineStoppedError' } });
  });
});
