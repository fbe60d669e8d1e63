import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { register } from 'prom-client';
import { CircuitBreaker } from './circuit-breaker.js';

class Refusal extends Error {}

const fail = (error: Error = new Error('away')) => Promise.reject(error);
const metric = async (name: string, partner: string) =>
  (await register.getSingleMetric(name)?.get())?.values.find(({ labels }) => labels['partner'] === partner)
    ?.value;

describe('CircuitBreaker', () => {
  let partner: string;
  let breaker: CircuitBreaker;
  let partners = 0;

  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    partner = `partner-${partners++}`;
    breaker = new CircuitBreaker(partner, {
      failures: 3,
      rest: 1_000,
      isFailure: (error) => !(error instanceof Refusal),
    });
  });
  afterEach(() => jest.useRealTimers());

  const failTimes = async (times: number) => {
    for (let time = 0; time < times; time++) await breaker.execute(() => fail()).catch(() => undefined);
  };
  const shown = async () => ({
    state: breaker.state,
    capacity: breaker.capacity,
    metric: await metric('circuit_breaker_state', partner),
    openings: await metric('circuit_breaker_openings_total', partner),
  });

  test('is closed at first, and stays so after fewer failures in a row than it takes', async () => {
    expect(await shown()).toEqual({ state: 'closed', capacity: Infinity, metric: 0, openings: 0 });
    await failTimes(2);
    await breaker.execute(() => Promise.resolve());
    await failTimes(2);
    expect(await shown()).toEqual({ state: 'closed', capacity: Infinity, metric: 0, openings: 0 });
  });

  test('opens after failures in a row; then no call is made', async () => {
    await failTimes(3);
    expect(await shown()).toEqual({ state: 'open', capacity: 0, metric: 2, openings: 1 });
    const call = jest.fn(() => Promise.resolve());
    await expect(breaker.execute(call)).rejects.toThrow(/circuit breaker is open/);
    expect(call).not.toHaveBeenCalled();
  });

  test('after the rest one call tries; the others follow when it succeeds', async () => {
    await failTimes(3);
    jest.setSystemTime(Date.now() + 1_000);
    expect(breaker.capacity).toBe(1);
    let answer!: () => void;
    const trial = breaker.execute(() => new Promise<void>((resolve) => (answer = resolve)));
    expect(await shown()).toEqual({ state: 'half-open', capacity: 0, metric: 1, openings: 1 });
    answer();
    await trial;
    expect(await shown()).toEqual({ state: 'closed', capacity: Infinity, metric: 0, openings: 1 });
  });

  test('a trial that fails begins another rest', async () => {
    await failTimes(3);
    jest.setSystemTime(Date.now() + 1_000);
    await failTimes(1);
    expect(await shown()).toEqual({ state: 'open', capacity: 0, metric: 2, openings: 2 });
  });

  test('a partner that refuses is well', async () => {
    for (let time = 0; time < 10; time++)
      await expect(breaker.execute(() => fail(new Refusal('no')))).rejects.toThrow('no');
    expect(breaker.state).toBe('closed');
  });
});
