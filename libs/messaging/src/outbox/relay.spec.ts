import { topic, type Broker } from '@orderbridge/contracts';
import { ManualClock, settle } from '../../test-support/manual-clock.js';
import type { Candidate, Lead, MessageStore } from '../store/message-store.js';
import type { UnitsOfWork } from '../unit-of-work/units-of-work.js';
import type { OutboxRow } from './outbox.js';
import type { OutgoingMessage } from './outgoing-message.js';
import { PartlyPublishedError, UndeliverableMessageError } from './publisher.js';
import { Relay } from './relay.js';

const quiet = { leading() {}, published() {}, retrying() {}, parked() {} };

/** A relay that leads at once, an outbox in memory, and a broker that takes messages when the test lets it. */
function relaying(
  batchSize: number,
  broken: (messages: readonly OutgoingMessage[]) => Error | undefined = () => undefined,
) {
  const clock = new ManualClock();
  const sent: string[][] = [];
  const answers: ((error?: Error) => void)[] = [];
  let outbox: string[] = [];
  const parked: string[] = [];
  const leading = new AbortController();
  const offers: number[] = [];
  const lead: Lead = { signal: leading.signal, giveUp: () => void offers.push(clock.now()) };
  const store = {
    stand: (_broker: Broker, candidate: Candidate) => ({
      start: () => void candidate.lead(lead),
      stop: () => Promise.resolve(leading.abort()),
    }),
    take: (_broker: Broker, published: readonly string[], limit: number) => {
      outbox = outbox.filter((id) => !published.includes(id));
      return Promise.resolve(
        outbox.slice(0, limit).map((id) => ({ id, destination: topic('d') }) as OutboxRow),
      );
    },
    park: (_broker: Broker, id: string) => {
      parked.push(id);
      outbox = outbox.filter((row) => row !== id);
      return Promise.resolve();
    },
  } as unknown as MessageStore;
  let committed: (brokers: Set<Broker>) => void = () => undefined;
  const relay = new Relay({
    store,
    unitsOfWork: { onSent: (listener: typeof committed) => (committed = listener) } as unknown as UnitsOfWork,
    publishers: [
      {
        broker: 'kafka',
        publish: async (messages) => {
          sent.push((messages as readonly OutboxRow[]).map(({ id }) => id));
          const error = broken(messages);
          if (error) throw error;
          await new Promise<void>((resolve, reject) =>
            answers.push((failure) => (failure ? reject(failure) : resolve())),
          );
        },
      },
    ],
    observer: quiet,
    batchSize,
    clock,
  });
  const commit = (...ids: string[]): Promise<void> => {
    outbox.push(...ids);
    committed(new Set(['kafka']));
    return settle();
  };
  return { relay, clock, sent, answers, offers, parked, commit };
}

describe('Relay, by the clock', () => {
  test('rests for as long as a turn took in which something came, so that the next one takes more', async () => {
    const { relay, clock, sent, answers, commit } = relaying(10);
    relay.start();
    await commit('1');
    await clock.pass(20);
    await commit('2');
    answers[0]?.();
    await clock.pass(19);
    await commit('3');
    expect(sent).toEqual([['1']]);
    await clock.pass(1);
    expect(sent).toEqual([['1'], ['2', '3']]);
  });

  test('rests for as long as a turn with more than one message took', async () => {
    const { relay, clock, sent, answers, commit } = relaying(10);
    relay.start();
    await commit('1', '2');
    await clock.pass(20);
    answers[0]?.();
    await settle();
    await commit('3');
    await clock.pass(19);
    expect(sent).toEqual([['1', '2']]);
    await clock.pass(1);
    expect(sent).toEqual([['1', '2'], ['3']]);
  });

  test('publishes at once what comes when a turn with a lone message is done', async () => {
    const { relay, clock, sent, answers, commit } = relaying(10);
    relay.start();
    await commit('1');
    await clock.pass(20);
    answers[0]?.();
    await settle();
    await commit('2');
    expect(sent).toEqual([['1'], ['2']]);
  });

  test('goes on at once while there is more than one turn can take', async () => {
    const { relay, clock, sent, answers, commit } = relaying(2);
    relay.start();
    await commit('1', '2', '3');
    await clock.pass(20);
    answers[0]?.();
    await settle();
    expect(sent).toEqual([['1', '2'], ['3']]);
  });

  test('offers the lead when nothing could be published for ten seconds, and again after as long', async () => {
    const { relay, clock, answers, offers, commit } = relaying(10);
    relay.start();
    await commit('1');
    for (let second = 1; second <= 9; second++) {
      await clock.pass(1_000);
      answers.pop()?.(new Error('out of reach'));
    }
    expect(offers).toEqual([]);
    // An attempt that never answers is none that succeeds.
    await clock.pass(1_000);
    expect(offers).toEqual([10_000]);
    await clock.pass(10_000);
    expect(offers).toEqual([10_000, 20_000]);
  });

  test('keeps the lead while it publishes, and while there is nothing to publish', async () => {
    const { relay, clock, answers, offers, commit } = relaying(10);
    relay.start();
    for (let round = 0; round < 5; round++) {
      await commit(`${round}`);
      await clock.pass(6_000);
      answers[round]?.();
      await clock.pass(6_000);
    }
    await clock.pass(60_000);
    expect(offers).toEqual([]);
  });
});

describe('Relay, when a broker has taken some of a batch', () => {
  const partly = (messages: readonly OutgoingMessage[], taken: readonly number[], error: Error) =>
    new PartlyPublishedError(new Set(taken.map((index) => messages[index] as OutgoingMessage)), error);

  test('publishes only the others again', async () => {
    const errors = [new Error('the queue is full')];
    const { relay, clock, sent, commit } = relaying(10, (messages) => {
      const error = errors.pop();
      return error && partly(messages, [0, 2], error);
    });
    await commit('1', '2', '3', '4');
    relay.start();
    await settle();
    await clock.pass(60);
    expect(sent).toEqual([
      ['1', '2', '3', '4'],
      ['2', '4'],
    ]);
  });

  test('parks the one that is refused, and publishes nothing twice', async () => {
    const { relay, sent, parked, commit } = relaying(10, (messages) => {
      const refused = messages.findIndex((row) => (row as unknown as { id: string }).id === '3');
      if (refused < 0) return undefined;
      const error = new UndeliverableMessageError('too long');
      return messages.length === 1 ? error : partly(messages, [0, 1, 3], error);
    });
    await commit('1', '2', '3', '4');
    relay.start();
    await settle();
    expect(parked).toEqual(['3']);
    expect(sent).toEqual([['1', '2', '3', '4'], ['3']]);
  });
});
