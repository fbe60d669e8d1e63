import 'reflect-metadata';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Payload } from '@nestjs/microservices';
import { IbmMqConnectionManager, IbmMqServer, OnQueue } from '@orderbridge/ibm-mq';
import { percentile } from '../../load/statistics.js';
import { clock, type Content } from '../message.js';
import { QUEUE } from '../queue.js';
import { Tally, type Count } from '../tally.js';
import { serve } from './serve.js';

/** Milliseconds between two looks at the event loop; each look is late by the delay. */
const RESOLUTION = 1;

export interface Measured {
  /** Messages per second that were committed. */
  readonly rate: number;
  /** Milliseconds by which the event loop was late, sampled each millisecond. */
  readonly delay: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Milliseconds from when a message was due to be sent to its handler. */
  readonly latency: { readonly p50: number; readonly p99: number };
}

let tally = new Tally();
let handlerMilliseconds = 0;
let committed = 0;
let lastCommit = 0;
/** Milliseconds from when each message was due to its handler; undefined while nobody asks. */
let latencies: number[] | undefined;

@Controller()
class Consumer {
  @OnQueue(QUEUE, { batch: true })
  async take(@Payload() contents: Content[]): Promise<void> {
    const now = clock();
    for (const { stream, number, due } of contents) {
      tally.add(stream, number);
      latencies?.push(now - due);
    }
    if (handlerMilliseconds > 0) await sleep(handlerMilliseconds);
  }
}

@Module({ controllers: [Consumer] })
class ConsumerModule {}

let application: INestMicroservice | undefined;
let manager: IbmMqConnectionManager | undefined;

const methods = {
  /** Consumes in units of work of up to `unit` messages; the handler waits once for each of them. */
  async start(options: { unit: number; consumers: number; handler: number }): Promise<void> {
    handlerMilliseconds = options.handler;
    manager = new IbmMqConnectionManager(
      {},
      {
        committed: (_queue, { messages }) => {
          committed += messages;
          lastCommit = clock();
        },
      },
    );
    const { unit: batchSize, consumers } = options;
    application = await NestFactory.createMicroservice(ConsumerModule, {
      strategy: new IbmMqServer({ connection: manager, batchSize, consumers }),
      logger: ['warn', 'error', 'fatal'],
    });
    await application.listen();
  },

  async stop(): Promise<void> {
    await application?.close();
    await manager?.close();
  },

  /** For so many seconds from now on. */
  async measure({ seconds }: { seconds: number }): Promise<Measured> {
    const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
    latencies = [];
    const [before, begun] = [committed, clock()];
    histogram.enable();
    await sleep(seconds * 1_000);
    histogram.disable();
    const measured = latencies;
    latencies = undefined;
    const messages = committed - before;
    // The histogram holds the time between two looks, in nanoseconds.
    const delay = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION);
    return {
      rate: messages === 0 ? 0 : (messages * 1_000) / (lastCommit - begun),
      delay: {
        p50: delay(histogram.percentile(50)),
        p99: delay(histogram.percentile(99)),
        max: delay(histogram.max),
      },
      latency: { p50: percentile(measured, 0.5), p99: percentile(measured, 0.99) },
    };
  },

  /** Messages committed since the start. */
  committed: (): number => committed,

  /** What was taken since the last call. */
  count(): Count {
    const { count } = tally;
    tally = new Tally();
    return count;
  },
};

export type Consuming = typeof methods;
serve(methods);
