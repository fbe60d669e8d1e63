import type { ConsumerConfig } from 'kafkajs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { KafkaConnection } from './kafka-connection.js';
import { TopicFollower } from './topic-follower.js';

type Listener = (event: { payload: { error: Error; restart: boolean } }) => void;

/** Crashes as kafkajs does: and starts itself again unless it was told not to. */
class FakeConsumer {
  readonly events = { CRASH: 'crash', GROUP_JOIN: 'join' };
  readonly #listeners: Listener[] = [];
  runs = 0;

  constructor(private readonly config: ConsumerConfig) {}

  on(event: string, listener: Listener): void {
    if (event === this.events.CRASH) this.#listeners.push(listener);
  }

  connect(): void {}
  subscribe(): void {}
  disconnect(): void {}

  run(): void {
    this.runs++;
  }

  async crash(error: Error): Promise<void> {
    const restart = (await this.config.retry?.restartOnFailure?.(error)) ?? true;
    for (const listener of this.#listeners) listener({ payload: { error, restart } });
    if (restart) this.run();
  }
}

test('a consumer that crashes is given up and another takes its place, so that never two are in the group', async () => {
  const consumers: FakeConsumer[] = [];
  const connection = {
    config: { KAFKA_SESSION_TIMEOUT_MS: 6_000 },
    topicIds: () => Promise.resolve(new Map([['a.dlt', undefined]])),
    consumer(config: ConsumerConfig) {
      const consumer = new FakeConsumer(config);
      consumers.push(consumer);
      return consumer;
    },
  };
  const follower = new TopicFollower({
    connection: connection as unknown as KafkaConnection,
    group: 'followers',
    matches: /dlt$/,
    handle: () => Promise.resolve(),
    interval: 1,
  });
  const follows = async (count: number) => {
    while (consumers.length < count || consumers[count - 1]?.runs === 0) await nextTurn();
  };
  follower.start();
  await follows(1);
  await consumers[0]?.crash(new Error('The coordinator is loading'));
  await follows(2);
  await follower.stop();
  expect(consumers.map(({ runs }) => runs)).toEqual([1, 1]);
});
