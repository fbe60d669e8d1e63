import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  HealthCheck,
  HealthCheckService,
  HealthIndicatorService,
  type HealthCheckResult,
  type HealthIndicatorFunction,
} from '@nestjs/terminus';
import { Readiness, type ReadinessCheck } from './readiness.js';

/** Milliseconds a dependency may take to answer. */
const TIMEOUT = 2_000;

@ApiTags('operations')
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly readiness: Readiness,
  ) {}

  @Get('live')
  @HealthCheck()
  @ApiOperation({ summary: 'Whether the process works at all' })
  live(): Promise<HealthCheckResult> {
    return this.health.check([]);
  }

  @Get('ready')
  @HealthCheck()
  @ApiOperation({ summary: 'Whether everything the service needs answers: its database and its brokers' })
  ready(): Promise<HealthCheckResult> {
    // Nothing else is asked: load balancers should know at once.
    if (this.readiness.stopping)
      return this.health.check([() => this.indicators.check('process').down('The service is stopping.')]);
    const checks: HealthIndicatorFunction[] = [...this.readiness.checks].map(([name, check]) => async () => {
      const indicator = this.indicators.check(name);
      try {
        await withTimeout(check);
        return indicator.up();
      } catch (error) {
        return indicator.down((error as Error).message);
      }
    });
    for (const [name, read] of this.readiness.information)
      checks.push(() => this.indicators.check(name).up(read()));
    return this.health.check(checks);
  }
}

async function withTimeout(check: ReadinessCheck): Promise<void> {
  const timer = new AbortController();
  try {
    await Promise.race([
      check(),
      sleep(TIMEOUT, undefined, { signal: timer.signal, ref: false }).then(() => {
        throw new Error(`No answer within ${TIMEOUT} ms.`);
      }),
    ]);
  } finally {
    timer.abort();
  }
}
