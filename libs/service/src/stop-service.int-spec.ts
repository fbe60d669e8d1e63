import { Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { configureService, serviceAdapter } from './create-service.js';
import { Readiness } from './health/readiness.js';
import { stopService } from './stop-service.js';

const story: string[] = [];

@Injectable()
class Database implements OnApplicationShutdown {
  onApplicationShutdown(): void {
    story.push('database closed');
  }
}

@Module({ providers: [Database, Readiness] })
class ServiceModule {}

/** Takes a while to finish what it has taken. */
class Consumer extends Server implements CustomTransportStrategy {
  #closed: Promise<void> | undefined;

  constructor(
    private readonly name: string,
    private readonly finished: Promise<void>,
  ) {
    super();
  }

  listen(callback: () => void): void {
    callback();
  }

  /** Nest closes again what is closed. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  on(): void {}

  unwrap<Unwrapped>(): Unwrapped {
    return undefined as Unwrapped;
  }

  async #close(): Promise<void> {
    story.push(`${this.name} stops`);
    await this.finished;
    story.push(`${this.name} finished`);
  }
}

test('what consumers need is there until the last one has finished, and is closed once', async () => {
  const app = await NestFactory.create<NestFastifyApplication>(ServiceModule, serviceAdapter(), {
    logger: false,
  });
  let finish = (): void => undefined;
  const slow = new Promise<void>((resolve) => (finish = resolve));
  configureService(app, {
    name: 'test',
    description: 'A test.',
    strategies: () => [new Consumer('quick', Promise.resolve()), new Consumer('slow', slow)],
  });
  await app.startAllMicroservices();
  await app.init();

  const stopped = stopService(app);
  await new Promise((resolve) => setImmediate(resolve));
  finish();
  await stopped;
  expect(story).toEqual(['quick stops', 'slow stops', 'quick finished', 'slow finished', 'database closed']);
});
