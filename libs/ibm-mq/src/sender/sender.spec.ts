import type { Connection } from '../connection/connection.js';
import type { IbmMqConnectionManager } from '../connection/connection-manager.js';
import { NO_TRACING } from '../tracing/tracing.js';
import { Sender } from './sender.js';

/** A connection whose commits block, as they do. */
const connection = {
  mqi: { MQMD: Object },
  openOutput: () => ({}),
  put: () => undefined,
  commit: () => {
    for (const until = performance.now() + 1; performance.now() < until;);
  },
};
const manager = {
  observer: {},
  tracing: NO_TRACING,
  use: (work: (lent: Connection) => unknown) => work(connection as unknown as Connection),
};

test('sending one message after the other lets the event loop turn', async () => {
  const sender = new Sender(manager as unknown as IbmMqConnectionManager, 1_000);
  let turns = 0;
  const turn = (): void => {
    turns++;
    immediate = setImmediate(turn);
  };
  let immediate = setImmediate(turn);
  for (let i = 0; i < 100; i++) await sender.sendBatch([{ queue: 'OUT', body: `${i}` }]);
  clearImmediate(immediate);
  expect(turns).toBeGreaterThan(10);
});
