import { Logger } from '@nestjs/common';
import type { Readiness } from '@orderbridge/service';
import { Counter, Gauge } from 'prom-client';
import type { CircuitBreakerOptions, CircuitBreakerState } from './circuit-breaker.js';
import { PartnerOperation } from './partner-operation.js';

const VALUES: Readonly<Record<CircuitBreakerState, number>> = { closed: 0, 'half-open': 1, open: 2 };

const state = new Gauge({
  name: 'circuit_breaker_state',
  help: 'Circuit breaker of an operation of a partner: 0 closed, 1 half-open (trial calls), 2 open (no calls)',
  labelNames: ['partner', 'operation'],
});
const openings = new Counter({
  name: 'circuit_breaker_openings_total',
  help: 'How often the circuit opened, trials that failed included',
  labelNames: ['partner', 'operation'],
});

/**
 * An operation of a partner whose circuit breaker is in the metrics, the log and at /health/ready, where it decides
 * nothing: a service whose partner is unavailable takes work and waits.
 */
export function watchedOperation(
  partner: string,
  operation: string,
  readiness: Readiness,
  options: CircuitBreakerOptions = {},
): PartnerOperation {
  const logger = new Logger(PartnerOperation.name);
  const labels = { partner, operation };
  const watched = new PartnerOperation(`${partner} ${operation}`, {
    ...options,
    onStateChange: (current) => {
      state.set(labels, VALUES[current]);
      if (current === 'open') {
        openings.inc(labels);
        logger.warn({ ...labels, message: `The circuit of ${partner} ${operation} is open` });
      } else if (current === 'closed') {
        logger.log({ ...labels, message: `The circuit of ${partner} ${operation} is closed again` });
      }
    },
  });
  state.set(labels, 0);
  openings.inc(labels, 0);
  readiness.inform(`circuit-breaker ${partner} ${operation}`, () => ({ state: watched.state }));
  return watched;
}
