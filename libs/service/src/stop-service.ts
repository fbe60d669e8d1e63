import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import type { NestMicroservice } from '@nestjs/microservices';
import { Readiness } from './health/readiness.js';

/**
 * Stops a service that takes no new messages from now on: consumers first, so that what they took is finished while
 * everything they need still works. It is not ready any more, and still answers requests for `drain` milliseconds: load
 * balancers send some until they have noticed.
 */
export async function stopService(app: INestApplication, drain = 0): Promise<void> {
  app.get(Readiness).stop();
  const consumers = (app.getMicroservices() as NestMicroservice[]).map((microservice) => {
    // Nest would end everything else of the application with the first consumer that has stopped, and with each again.
    microservice.setIsTerminated(true);
    return microservice.close();
  });
  await Promise.all([...consumers, sleep(drain)]);
  await app.close();
}
