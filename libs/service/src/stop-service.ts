import type { INestApplication } from '@nestjs/common';
import type { NestMicroservice } from '@nestjs/microservices';
import { Readiness } from './health/readiness.js';

/**
 * Stops a service that takes no new work from now on: consumers first, so that what they took is finished while
 * everything they need still works.
 */
export async function stopService(app: INestApplication): Promise<void> {
  app.get(Readiness).stop();
  await Promise.all(
    (app.getMicroservices() as NestMicroservice[]).map((microservice) => {
      // Nest would end everything else of the application with the first consumer that has stopped, and with each again.
      microservice.setIsTerminated(true);
      return microservice.close();
    }),
  );
  await app.close();
}
