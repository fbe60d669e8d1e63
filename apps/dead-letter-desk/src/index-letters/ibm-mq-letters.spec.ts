import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { until } from '@orderbridge/running-stack';
import { IbmMqLetters } from './ibm-mq-letters.js';

/** Milliseconds that a look waits in vain for the queue manager, and within which the next has to follow. */
const AWAY = 500;
const TIMEOUT = 4_000;

beforeAll(() => Logger.overrideLogger(false));

test(
  'looks again as soon as ever, though the queue manager kept the look before waiting',
  async () => {
    let looks = 0;
    const queues = {
      backoutQueueOf: async () => {
        if (looks++ > 0) return '';
        await sleep(AWAY);
        throw new Error('There is no connection to the queue manager.');
      },
    };
    const config = { IBM_MQ_QUEUES: ['INVENTORY.EVENTS'], SCAN_INTERVAL_MS: 1 };
    const unused = undefined as never;
    const letters = new IbmMqLetters(queues as never, unused, unused, unused, unused, config as never);
    letters.onApplicationBootstrap();
    try {
      const seen = await until(
        () => looks,
        (count) => count > 2,
      );
      expect(seen).toBeGreaterThan(2);
    } finally {
      await letters.beforeApplicationShutdown();
    }
  },
  TIMEOUT,
);
