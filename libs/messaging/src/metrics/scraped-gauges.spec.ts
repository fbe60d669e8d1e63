import { register } from 'prom-client';
import { ScrapedGauges } from './scraped-gauges.js';

describe('ScrapedGauges', () => {
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

  test('what is away has no values and harms no other', async () => {
    gauges.ask('mq', () => Promise.resolve([{ labels: { queue: 'A' }, values: { depth: 1 } }]));
    gauges.ask('kafka', () => Promise.reject(new Error('away')));
    expect(await scrape()).toEqual(['depth{queue="A"} 1']);
    gauges.ask('mq', () => Promise.reject(new Error('away')));
    expect(await scrape()).toEqual([]);
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
