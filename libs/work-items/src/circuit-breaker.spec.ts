import { ManualClock } from '../../messaging/test-support/manual-clock.js';
import { CircuitBreaker, type CircuitBreakerState } from './circuit-breaker.js';
import { CircuitOpenError } from './partner-errors.js';

describe('CircuitBreaker', () => {
  let clock: ManualClock;
  let breaker: CircuitBreaker;
  let states: CircuitBreakerState[];

  beforeEach(() => {
    clock = new ManualClock();
    states = [];
    breaker = new CircuitBreaker('charge', {
      failures: 3,
      coolDownMs: 100,
      maxCoolDownMs: 400,
      trials: 2,
      clock,
      onStateChange: (state) => states.push(state),
    });
  });

  const failTimes = (times: number, retryAfterMs?: number) => {
    for (let time = 0; time < times; time++) breaker.begin().failed(retryAfterMs);
  };

  test('is closed at first, and stays so after fewer failures in a row than it takes', () => {
    failTimes(2);
    breaker.begin().succeeded();
    failTimes(2);
    expect([breaker.state, breaker.capacity, states]).toEqual(['closed', Infinity, []]);
  });

  test('opens after failures in a row; then no call may begin', () => {
    failTimes(3);
    expect([breaker.state, breaker.capacity]).toEqual(['open', 0]);
    expect(() => breaker.begin()).toThrow(CircuitOpenError);
  });

  test('what is undecided neither opens nor interrupts a row of failures', () => {
    for (let time = 0; time < 10; time++) breaker.begin().undecided();
    failTimes(2);
    breaker.begin().undecided();
    expect(breaker.state).toBe('closed');
    failTimes(1);
    expect(breaker.state).toBe('open');
  });

  test('closes when for a while nobody has anything to try: others have settled what waited', async () => {
    failTimes(3);
    await clock.pass(60_099);
    expect(breaker.state).toBe('open');
    await clock.pass(1);
    expect([breaker.state, states]).toEqual(['closed', ['open', 'closed']]);
  });

  test('a trial in flight is not idle, however long it takes', async () => {
    failTimes(3);
    await clock.pass(100);
    breaker.begin();
    await clock.pass(120_000);
    expect(breaker.state).toBe('half-open');
  });

  test('after the cool-down a few calls may try; the first success closes it', async () => {
    failTimes(3);
    await clock.pass(100);
    expect(breaker.capacity).toBe(2);
    const [bad, good] = [breaker.begin(), breaker.begin()];
    expect([breaker.state, breaker.capacity]).toEqual(['half-open', 0]);
    bad.undecided();
    expect(breaker.capacity).toBe(1);
    good.succeeded();
    expect([breaker.state, breaker.capacity]).toEqual(['closed', Infinity]);
    expect(states).toEqual(['open', 'half-open', 'closed']);
  });

  test('each trial that fails doubles the cool-down, up to a bound', async () => {
    failTimes(3);
    const coolDowns: number[] = [];
    for (let trial = 0; trial < 4; trial++) {
      let waited = 0;
      for (; breaker.capacity === 0; waited += 50) await clock.pass(50);
      coolDowns.push(waited);
      failTimes(1);
    }
    expect(coolDowns).toEqual([100, 200, 400, 400]);
  });

  test('cools down for as long as the partner asks', async () => {
    failTimes(3, 5_000);
    await clock.pass(4_999);
    expect(breaker.capacity).toBe(0);
    await clock.pass(1);
    expect(breaker.capacity).toBe(2);
  });

  test('after a trial that decides nothing another one follows, after the cool-down', async () => {
    failTimes(3);
    await clock.pass(100);
    breaker.begin().undecided();
    await clock.pass(100);
    expect([breaker.state, breaker.capacity]).toEqual(['open', 2]);
  });

  test('a success of a call that began before closes it, too', () => {
    const early = breaker.begin();
    failTimes(3);
    early.succeeded();
    expect(breaker.state).toBe('closed');
  });
});
