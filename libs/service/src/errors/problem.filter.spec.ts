import { Controller, Get, Module, Param } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { CommitInDoubtError } from '@orderbridge/messaging';
import request from 'supertest';
import { createService } from '../create-service.js';
import { ServiceModule } from '../service.module.js';
import { ProblemException } from './problem.js';

const withCode = (code: string) => Object.assign(new Error('secret'), { code });

const ERRORS: Readonly<Record<string, Error>> = {
  bug: new TypeError('secret'),
  refused: withCode('ECONNREFUSED'),
  shutdown: Object.assign(new Error('Query failed'), { driverError: withCode('57P01') }),
  'in-doubt': new CommitInDoubtError(withCode('ECONNRESET')),
  partner: new ProblemException({ status: 503, detail: 'The partner is down.', retryAfterSeconds: 30 }),
  queue: new ProblemException({ status: 503, detail: 'The queue manager is down.' }),
};

@Controller()
class FailingController {
  @Get(':error')
  fail(@Param('error') error: string): never {
    throw ERRORS[error] as Error;
  }
}

@Module({ imports: [ServiceModule], controllers: [FailingController] })
class FailingModule {}

describe('an error of a request', () => {
  let app: NestFastifyApplication;

  beforeAll(async () => {
    const definition = { name: 'test', description: 'under test', module: FailingModule };
    app = await createService(definition, { log() {}, error() {}, warn() {} });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
  });

  afterAll(() => app.close());

  test.each([
    ['bug', 500, undefined, /report the correlation id/],
    ['refused', 503, '5', /unavailable/],
    ['shutdown', 503, '5', /unavailable/],
    ['in-doubt', 503, '5', /may have taken effect/],
    ['partner', 503, '30', /partner is down/],
    ['queue', 503, '5', /queue manager is down/],
  ])('%s answers %d', async (error, status, retryAfter, detail) => {
    const answer = await request(app.getHttpServer()).get(`/${error}`).expect(status);
    expect(answer.headers['retry-after']).toBe(retryAfter);
    expect(answer.body).toMatchObject({ status, detail: expect.stringMatching(detail) });
    expect(answer.text).not.toContain('secret');
  });
});
