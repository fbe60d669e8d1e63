import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { register, type Gauge } from 'prom-client';
import { ScrapedGauges } from './scraped-gauges.js';

/** Registered once, before the registry is cleared. */
const ages = register.getSingleMetric('scraped_gauges_age_seconds') as Gauge;

describe('ScrapedGauges', () => {
  beforeAll(() => Logger.overrideLogger(false));

  let gauges: ScrapedGauges<'depth' | 'age', 'queue'>;

  beforeEach(() => {
    register.clear();
    gauges = new ScrapedGauges({ depth: 'How many', age: 'How old' }, ['queue']);
  });

  const scrape = async () => (await register.metrics()).split('\n').filter((line) => /^[a-z]/.test(line));

  test('asks once per scrape for all gauges, and shows what is answered now', async () => {
    let asked = 0;
    gauges.ask('mq', () => Promise.resolve([{ labels: { queue: 'A' }, values: { depth: ++asked, age: 7 } }]));
    expect(await scrape()).toEqual(['depth{queue="A"} 1', 'age{queue="A"} 7']);
    expect(await scrape()).toEqual(['depth{queue="A"} 2', 'age{queue="A"} 7']);
  });

  test('what does not answer keeps its last answer, says how old that is, and harms no other', async () => {
    gauges.ask('mq', () => Promise.resolve([{ labels: { queue: 'A' }, values: { depth: 1 } }]));
    gauges.ask('kafka', () => Promise.reject(new Error('away')));
    expect(await scrape()).toEqual(['depth{queue="A"} 1']);
  });

  test('an answer that was once there stays for as long as there is no other', async () => {
    let isAway = false;
    gauges.ask('mq', () =>
      isAway
        ? Promise.reject(new Error('away'))
        : Promise.resolve([{ labels: { queue: 'A' }, values: { depth: 3 } }]),
    );
    expect(await scrape()).toEqual(['depth{queue="A"} 3']);
    isAway = true;
    expect(await scrape()).toEqual(['depth{queue="A"} 3']);
    const now = jest.spyOn(performance, 'now');
    const then = performance.now();
    now.mockImplementation(() => then + 90_000);
    await expect(ages.get().then(({ values }) => values)).resolves.toContainEqual({
      labels: { gauge: 'depth', source: 'mq' },
      value: expect.closeTo(90, 0),
    });
    now.mockRestore();
  });

  test('what does not answer holds up no scrape for long, and is not asked again meanwhile', async () => {
    let asked = 0;
    let answer!: () => void;
    gauges.ask('mq', () => {
      asked++;
      return new Promise((resolve) => {
        answer = () => resolve([{ labels: { queue: 'A' }, values: { depth: asked } }]);
      });
    });
    expect(await scrape()).toEqual([]);
    const next = scrape();
    answer();
    expect([await next, asked]).toEqual([['depth{queue="A"} 1'], 1]);
  });

  test('a source that throws at once counts as away', async () => {
    gauges.ask('mq', () => {
      throw new Error('not connected');
    });
    expect(await scrape()).toEqual([]);
  });
});
