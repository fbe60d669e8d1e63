import { Test } from '@nestjs/testing';
import { ServiceModule } from '../service.module.js';
import { HealthController } from './health.controller.js';
import { Readiness } from './readiness.js';

describe('/health/ready', () => {
  let controller: HealthController;
  let readiness: Readiness;

  beforeEach(async () => {
    const testing = await Test.createTestingModule({ imports: [ServiceModule] }).compile();
    controller = testing.get(HealthController);
    readiness = testing.get(Readiness);
  });

  test('is up when everything answers, and shows what is only for information', async () => {
    readiness.register('postgres', () => Promise.resolve());
    readiness.inform('circuit-breaker carrier', () => ({ state: 'open' }));
    expect(await controller.ready()).toMatchObject({
      status: 'ok',
      details: {
        postgres: { status: 'up' },
        'circuit-breaker carrier': { status: 'up', state: 'open' },
      },
    });
  });

  test('is down with what does not answer, and why', async () => {
    readiness.register('postgres', () => Promise.reject(new Error('gone')));
    await expect(controller.ready()).rejects.toMatchObject({
      status: 503,
      response: { status: 'error', details: { postgres: { status: 'down', message: 'gone' } } },
    });
  });

  test('is down from the moment of the stop, and asks nobody any more', async () => {
    let asked = false;
    readiness.register('postgres', () => {
      asked = true;
      return Promise.resolve();
    });
    readiness.stop();
    await expect(controller.ready()).rejects.toMatchObject({ status: 503 });
    expect(asked).toBe(false);
  });
});
