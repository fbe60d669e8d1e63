import {
  Controller,
  Get,
  Module,
  ServiceUnavailableException,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createService } from './create-service.js';
import { ServiceModule } from './service.module.js';
import { stopService } from './stop-service.js';

/** Milliseconds. */
const DRAIN = 500;

/** Works until the providers are shut down, as what needs a database does. */
@Controller('work')
class WorkController implements OnApplicationShutdown {
  #isOver = false;

  @Get()
  work(): string {
    if (this.#isOver) throw new ServiceUnavailableException();
    return 'done';
  }

  onApplicationShutdown(): void {
    this.#isOver = true;
  }
}

@Module({ imports: [ServiceModule], controllers: [WorkController] })
class WorkModule {}

class Consumer extends Server implements CustomTransportStrategy {
  closed = false;

  listen(callback: () => void): void {
    callback();
  }

  close(): void {
    this.closed = true;
  }

  on(): never {
    throw new Error('There are no events.');
  }

  unwrap<Unwrapped>(): Unwrapped {
    return this as unknown as Unwrapped;
  }
}

describe('a stop', () => {
  let consumer: Consumer;
  let app: NestFastifyApplication;
  let url: string;

  beforeEach(async () => {
    consumer = new Consumer();
    const definition = {
      name: 'worker',
      description: 'Works.',
      module: WorkModule,
      strategies: () => [consumer],
    };
    app = await createService(definition, { log: () => {}, error: () => {}, warn: () => {} });
    await app.startAllMicroservices();
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });

  const status = async (path: string): Promise<number> => (await fetch(`${url}${path}`)).status;

  test('closes consumers at once, and answers requests until load balancers have noticed', async () => {
    const stopped = stopService(app, DRAIN);
    const end = performance.now() + DRAIN / 2;
    do {
      expect([await status('/health/ready'), await status('/work')]).toEqual([503, 200]);
    } while (performance.now() < end);
    expect(consumer.closed).toBe(true);
    await stopped;
    await expect(status('/work')).rejects.toThrow('fetch failed');
  });
});
